//! A look at the indexes of packs before libgit2 uses them: it follows an offset that leads out of its pack, and crashes.
//! Whether the offset leads to the right object is told by the object's hash.

use std::fs::File;
use std::io::{Read, Seek as _, SeekFrom};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// The names and sums of the packs' indexes in an object directory are not read, only their offsets: 4 bytes an object.
pub(in crate::git) fn check(objects: &Path) -> Result<(), String> {
    let folder = objects.join("pack");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        // No pack at all, or one that libgit2 will not find either: then its objects are missing.
        return Ok(());
    };
    let many = folder.join("multi-pack-index");
    if let Ok(mut file) = File::open(&many)
        && multi_offsets_lead_inside(&mut file, &folder) != Some(true)
    {
        return Err(format!(
            "the pack index {} is damaged (`git multi-pack-index write` makes a new one)",
            many.display()
        ));
    }
    for entry in entries.flatten() {
        let index = entry.path();
        if index.extension().is_none_or(|extension| extension != "idx") {
            continue;
        }
        let size = match std::fs::metadata(index.with_extension("pack")) {
            Ok(pack) => pack.len(),
            // Being written or taken away; libgit2 passes over it as well.
            Err(_) => continue,
        };
        let sound = File::open(&index)
            .and_then(|mut file| offsets_lead_inside(&mut file, size))
            .map_err(|error| format!("the pack index {}: {error}", index.display()))?;
        if !sound {
            return Err(format!(
                "the pack index {} is damaged (`git index-pack` on its pack makes a new one)",
                index.display()
            ));
        }
    }
    Ok(())
}

fn offsets_lead_inside(file: &mut File, pack: u64) -> std::io::Result<bool> {
    let len = file.metadata()?.len();
    let mut start = [0; 8];
    if len < 8 + 1024 + 40 {
        return Ok(false);
    }
    file.read_exact(&mut start)?;
    let is_first_version = start[..4] != *b"\xfftOc";
    let header: u64 = if is_first_version { 0 } else { 8 };
    if !is_first_version && start[4..] != [0, 0, 0, 2] {
        return Ok(false);
    }
    file.seek(SeekFrom::Start(header))?;
    let mut fan_out = [0; 1024];
    file.read_exact(&mut fan_out)?;
    let counts: Vec<u64> = numbers(&fan_out).collect();
    if !counts.is_sorted() {
        return Ok(false);
    }
    let count = counts[255];
    // Its own checksum and the pack's stand at the end of either file.
    let last = pack.saturating_sub(20);
    if is_first_version {
        if len != 1024 + count * 24 + 40 {
            return Ok(false);
        }
        let table = take(file, 1024, count * 24)?;
        return Ok(table
            .chunks_exact(24)
            .all(|entry| numbers(&entry[..4]).all(|offset| offset < last)));
    }
    let table_at = header + 1024 + count * 24;
    let long_at = table_at + count * 4;
    if long_at + 40 > len || !(len - 40 - long_at).is_multiple_of(8) {
        return Ok(false);
    }
    let long_table = take(file, long_at, len - 40 - long_at)?;
    let long: Vec<u64> = long_table
        .chunks_exact(8)
        .map(|pair| numbers(pair).fold(0, |high, low| high << 32 | low))
        .collect();
    let table = take(file, table_at, count * 4)?;
    Ok(numbers(&table).all(|offset| {
        let offset = if offset & 0x8000_0000 == 0 {
            Some(offset)
        } else {
            usize::try_from(offset & 0x7fff_ffff)
                .ok()
                .and_then(|at| long.get(at))
                .copied()
        };
        offset.is_some_and(|offset| (12..last).contains(&offset))
    }))
}

/// The same for an index over several packs; `None` where it cannot be read as one.
fn multi_offsets_lead_inside(file: &mut File, folder: &Path) -> Option<bool> {
    let header = take(file, 0, 12).ok()?;
    if header.get(..5)? != b"MIDX\x01" {
        return None;
    }
    let count = numbers(header.get(8..12)?).next()?;
    // Each chunk has a name and a place; it ends where the next begins.
    let table = take(file, 12, 12 * (u64::from(header[6]) + 1)).ok()?;
    let place = |entry: &[u8]| numbers(&entry[4..]).fold(0, |high, low| high << 32 | low);
    let mut chunk = |name: &[u8; 4]| {
        let entries: Vec<&[u8]> = table.chunks_exact(12).collect();
        let at = entries.iter().position(|entry| entry.starts_with(name))?;
        let (start, end) = (place(entries[at]), place(entries.get(at + 1)?));
        let data = take(file, start, end.checked_sub(start)?).ok()?;
        (data.len() as u64 == end - start).then_some(data)
    };
    let long = chunk(b"LOFF").unwrap_or_default();
    let long: Vec<u64> = long
        .chunks_exact(8)
        .map(|pair| numbers(pair).fold(0, |high, low| high << 32 | low))
        .collect();
    let names = chunk(b"PNAM")?;
    let ends: Vec<u64> = names
        .split(|&byte| byte == 0)
        .take(usize::try_from(count).ok()?)
        .map(|name| {
            let pack = folder
                .join(std::ffi::OsStr::from_bytes(name))
                .with_extension("pack");
            // A pack that is gone has no object; libgit2 says so by itself.
            std::fs::metadata(pack).map_or(u64::MAX, |pack| pack.len().saturating_sub(20))
        })
        .collect();
    let offsets = chunk(b"OOFF")?;
    Some(offsets.chunks_exact(8).all(|entry| {
        let mut fields = numbers(entry);
        let end = fields
            .next()
            .and_then(|pack| ends.get(usize::try_from(pack).ok()?));
        let offset = fields.next().and_then(|offset| {
            // Only with a chunk of long offsets does the first bit mean one.
            if offset & 0x8000_0000 == 0 || long.is_empty() {
                Some(offset)
            } else {
                long.get(usize::try_from(offset & 0x7fff_ffff).ok()?)
                    .copied()
            }
        });
        end.zip(offset)
            .is_some_and(|(end, offset)| (12..*end).contains(&offset))
    }))
}

fn take(file: &mut File, at: u64, len: u64) -> std::io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(at))?;
    let mut data = Vec::new();
    file.take(len).read_to_end(&mut data)?;
    Ok(data)
}

fn numbers(bytes: &[u8]) -> impl Iterator<Item = u64> {
    bytes
        .chunks_exact(4)
        .map(|four| u64::from(u32::from_be_bytes([four[0], four[1], four[2], four[3]])))
}
