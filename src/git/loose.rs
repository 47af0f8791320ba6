//! Objects that stand in a file of their own. Read by us, since libgit2 1.9 never comes back from one that was cut short
//! (zlib asks for more input that does not come), and fills up with zeros one that is shorter than it says.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use flate2::bufread::ZlibDecoder;

use crate::model::Oid;

use super::object::{Kind, Object};

/// The loose objects of all object directories of a repository.
#[derive(Default)]
pub(super) struct Loose {
    folders: Vec<Folder>,
}

/// A loose object on its way.
pub(super) struct Stream {
    pub(super) kind: Kind,
    pub(super) size: u64,
    pub(super) content: ZlibDecoder<BufReader<File>>,
}

struct Folder {
    path: PathBuf,
    /// Which of the 256 folders there are: most objects of most repositories are packed, and need not be looked for.
    fan_out: [bool; 256],
}

/// Longer than any `KIND SIZE` before the NUL.
const LONGEST_HEADER: u64 = 32;

impl Loose {
    pub(super) fn new(folders: impl IntoIterator<Item = PathBuf>) -> Result<Self, String> {
        let folders = folders.into_iter().map(|path| {
            let mut fan_out = [false; 256];
            let failed = |error: std::io::Error| format!("{}: {error}", path.display());
            for entry in std::fs::read_dir(&path).map_err(failed)? {
                let name = entry.map_err(failed)?.file_name();
                let digits = std::str::from_utf8(name.as_bytes())
                    .ok()
                    .filter(|name| name.len() == 2);
                if let Some(Ok(first)) = digits.map(|name| u8::from_str_radix(name, 16)) {
                    fan_out[usize::from(first)] = true;
                }
            }
            Ok(Folder { path, fan_out })
        });
        Ok(Self {
            folders: folders.collect::<Result<_, String>>()?,
        })
    }

    /// The object directories.
    pub(super) fn folders(&self) -> Vec<PathBuf> {
        let folders = self.folders.iter();
        folders.map(|folder| folder.path.clone()).collect()
    }

    /// The file of an object, opened.
    fn open(&self, oid: Oid) -> Result<Option<File>, String> {
        for folder in &self.folders {
            if !folder.fan_out[usize::from(oid.as_bytes()[0])] {
                continue;
            }
            let hex = oid.to_string();
            match File::open(folder.path.join(&hex[..2]).join(&hex[2..])) {
                Ok(file) => return Ok(Some(file)),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error.to_string()),
            }
        }
        Ok(None)
    }

    /// Kind and size, as its file says them.
    pub(super) fn size(&self, oid: Oid) -> Result<Option<(Kind, u64)>, String> {
        Ok(self.stream(oid)?.map(|stream| (stream.kind, stream.size)))
    }

    /// The object to be read piece by piece.
    pub(super) fn stream(&self, oid: Oid) -> Result<Option<Stream>, String> {
        let Some(file) = self.open(oid)? else {
            return Ok(None);
        };
        let mut content = ZlibDecoder::new(BufReader::new(file));
        let (kind, size) = header(&mut content)?;
        Ok(Some(Stream {
            kind,
            size,
            content,
        }))
    }

    /// The object, unless it has no file of its own; or what is wrong with that file.
    pub(super) fn read(&self, oid: Oid) -> Result<Option<Object>, String> {
        let Some(mut file) = self.open(oid)? else {
            return Ok(None);
        };
        let mut data = Vec::new();
        file.read_to_end(&mut data)
            .map_err(|error| error.to_string())?;
        inflate(&data).map(Some)
    }
}

fn inflate(file: &[u8]) -> Result<Object, String> {
    let mut inflater = ZlibDecoder::new(file);
    let (kind, size) = header(&mut inflater)?;
    let mut data = Vec::new();
    // One more than it says, so that one that is longer is noticed, and zlib's own checksum at the end is read.
    let mut limited = inflater.take(size.saturating_add(1));
    limited.read_to_end(&mut data).map_err(damaged)?;
    if data.len() as u64 != size {
        return Err("its file is damaged: it has not the length that it says".to_owned());
    }
    if limited.into_inner().total_in() != file.len() as u64 {
        return Err("its file is damaged: something follows its end".to_owned());
    }
    Ok(Object { kind, data })
}

fn damaged(error: std::io::Error) -> String {
    format!("its file is damaged: {error}")
}

/// Reads the `KIND SIZE` NUL that stands before the content.
fn header<R: std::io::BufRead>(inflater: &mut ZlibDecoder<R>) -> Result<(Kind, u64), String> {
    let mut header = Vec::new();
    while header.last() != Some(&0) && header.len() as u64 <= LONGEST_HEADER {
        let mut byte = [0];
        match inflater.read_exact(&mut byte) {
            Err(_) if inflater.total_in() == 0 => return Err("its file is empty".to_owned()),
            other => other.map_err(damaged)?,
        }
        header.push(byte[0]);
    }
    parse_header(&header).ok_or_else(|| "its file does not start with its kind and size".to_owned())
}

fn parse_header(header: &[u8]) -> Option<(Kind, u64)> {
    let text = std::str::from_utf8(header.strip_suffix(b"\0")?).ok()?;
    let (kind, size) = text.split_once(' ')?;
    let kind = match kind {
        "commit" => Kind::Commit,
        "tree" => Kind::Tree,
        "blob" => Kind::Blob,
        "tag" => Kind::Tag,
        _ => return None,
    };
    Some((kind, size.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use std::io::Write as _;

    fn deflate(data: &[u8]) -> Vec<u8> {
        let mut out = flate2::write::ZlibEncoder::new(Vec::new(), Compression::fast());
        out.write_all(data).expect("memory");
        out.finish().expect("memory")
    }

    #[test]
    fn an_object_is_its_header_and_its_content() {
        let object = inflate(&deflate(b"blob 5\0hello")).expect("whole");
        assert_eq!((object.kind, &object.data[..]), (Kind::Blob, &b"hello"[..]));
        assert_eq!(inflate(&deflate(b"tree 0\0")).expect("whole").data, b"");
    }

    #[test]
    fn whatever_is_cut_long_short_or_altered_is_damaged() {
        let long: Vec<u8> = (0..70_000_u32).flat_map(u32::to_le_bytes).collect();
        let whole = deflate(&[b"blob 280000\0", &long[..]].concat());
        assert!(inflate(&whole).is_ok());
        for cut in [
            0,
            1,
            2,
            40,
            whole.len() / 2,
            whole.len() - 4,
            whole.len() - 1,
        ] {
            assert!(inflate(&whole[..cut]).is_err(), "cut at {cut}");
        }
        assert!(inflate(&[&whole[..], b"x"].concat()).is_err());
        for text in [
            &b"blob 6\0hello"[..],
            b"blob 4\0hello",
            b"blob x\0",
            b"thing 0\0",
            b"blob 5",
            b"blob 99999999999999999999999\0",
        ] {
            assert!(inflate(&deflate(text)).is_err(), "{text:?}");
        }
        let mut flipped = whole.clone();
        flipped[1000] ^= 4;
        assert!(inflate(&flipped).is_err());
    }
}
