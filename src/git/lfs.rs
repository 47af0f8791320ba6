//! Git LFS pointers: small blobs that stand for content kept elsewhere, which no gate on git objects can read
//! (<https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md>).

/// Whether a blob is a pointer: fewer than 1,024 bytes, the version line first, an object id and a size.
pub fn is_lfs_pointer(bytes: &[u8]) -> bool {
    if bytes.len() >= 1024 {
        return false;
    }
    let mut lines = bytes
        .split(|&byte| byte == b'\n')
        .map(|line| line.trim_ascii_end());
    let version = lines.next().unwrap_or_default();
    let versioned = [
        &b"version https://git-lfs.github.com/spec/"[..],
        b"version https://hawser.github.com/spec/",
    ]
    .iter()
    .any(|start| version.starts_with(start));
    let mut oid = false;
    let mut size = false;
    for line in lines {
        oid |= line.starts_with(b"oid sha256:") && line.len() == 75;
        size |= line.starts_with(b"size ");
    }
    versioned && oid && size
}

#[cfg(test)]
mod tests {
    use super::is_lfs_pointer;

    #[test]
    fn pointers_and_what_only_speaks_of_them() {
        let pointer = format!(
            "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 12345\n",
            "4d".repeat(32)
        );
        assert!(is_lfs_pointer(pointer.as_bytes()));
        assert!(is_lfs_pointer(pointer.replace('\n', "\r\n").as_bytes()));
        assert!(!is_lfs_pointer(format!("see: {pointer}").as_bytes()));
        assert!(!is_lfs_pointer(
            format!("{pointer}{}", "x".repeat(1000)).as_bytes()
        ));
        assert!(!is_lfs_pointer(
            b"version https://git-lfs.github.com/spec/v1\n"
        ));
        assert!(!is_lfs_pointer(b""));
    }
}
