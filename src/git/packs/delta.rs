//! A delta: how an object is made from another one, in pieces that are copied and bytes that are new (git's
//! documentation of the pack format, "Deltified representation").

/// Bytes of the base that a delta is made for and of what it makes; with them, where its instructions begin.
pub(super) fn sizes(delta: &[u8]) -> Option<(u64, u64, usize)> {
    let mut at = 0;
    let base = size(delta, &mut at)?;
    let result = size(delta, &mut at)?;
    Some((base, result, at))
}

/// Seven bits a byte, lowest first; the eighth says that more follow.
fn size(delta: &[u8], at: &mut usize) -> Option<u64> {
    let mut size = 0_u64;
    for shift in (0..63).step_by(7) {
        let byte = *delta.get(*at)?;
        *at += 1;
        size |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(size);
        }
    }
    None
}

/// What a delta makes of its base; `None` where it is made for another one, reaches out of it, or makes more or less than
/// it says.
pub(super) fn apply(base: &[u8], delta: &[u8]) -> Option<Vec<u8>> {
    let (base_size, result_size, mut at) = sizes(delta)?;
    if base_size != base.len() as u64 {
        return None;
    }
    let result_size = usize::try_from(result_size).ok()?;
    let mut result = Vec::new();
    result.try_reserve_exact(result_size).ok()?;
    while let Some(&instruction) = delta.get(at) {
        at += 1;
        let piece = if instruction & 0x80 != 0 {
            let mut fields = [0_usize; 2];
            for bit in 0..7 {
                if instruction & 1 << bit != 0 {
                    let (field, byte) = if bit < 4 { (0, bit) } else { (1, bit - 4) };
                    fields[field] |= usize::from(*delta.get(at)?) << (8 * byte);
                    at += 1;
                }
            }
            let [start, len] = fields;
            let len = if len == 0 { 0x1_0000 } else { len };
            base.get(start..start.checked_add(len)?)?
        } else if instruction != 0 {
            let len = usize::from(instruction);
            at += len;
            delta.get(at - len..at)?
        } else {
            return None;
        };
        if piece.len() > result_size - result.len() {
            return None;
        }
        result.extend_from_slice(piece);
    }
    (result.len() == result_size).then_some(result)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BASE: &[u8] = b"hello, world";

    #[test]
    fn pieces_are_copied_and_new_bytes_put_between() {
        // Copies 5 from 0, inserts "!!", copies 5 from 7.
        let delta = [12, 12, 0x90, 5, 2, b'!', b'!', 0x91, 7, 5];
        assert_eq!(apply(BASE, &delta).as_deref(), Some(&b"hello!!world"[..]));
        assert_eq!(sizes(&delta), Some((12, 12, 2)));
        // A copy of no length is one of 64 KiB.
        let long = vec![7; 70_000];
        let delta = [0xf0, 0xa2, 4, 0x80, 0x80, 4, 0x80];
        assert_eq!(apply(&long, &delta).as_deref(), Some(&long[..0x1_0000]));
    }

    #[test]
    fn whatever_does_not_fit_makes_nothing() {
        for delta in [
            &[][..],
            &[12],
            &[11, 5, 0x90, 5],
            &[12, 5, 0x90, 6],
            &[12, 6, 0x90, 5],
            &[12, 5, 0x91, 10, 5],
            &[12, 5, 0x91],
            &[12, 5, 5, b'a'],
            &[12, 1, 0],
            &[12, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ] {
            assert_eq!(apply(BASE, delta), None, "{delta:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_stumble(delta in proptest::collection::vec(any::<u8>(), 0..60)) {
            let mut whole = vec![12];
            whole.extend(delta);
            let _ = apply(BASE, &whole);
        }
    }
}
