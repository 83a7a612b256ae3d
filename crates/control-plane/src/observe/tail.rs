//! The end of a log, read in bounded memory: the one place that decompresses.
//!
//! A log is as long as a step likes, in lines as long as it likes, in any encoding; it may be cut off, and it may be
//! of several gzip members, because EMR appends. What is kept is its last lines.

use std::collections::VecDeque;
use std::io::{self, Write};

use flate2::write::MultiGzDecoder;

/// How many lines are kept.
pub(super) const LINES: usize = 200;
/// How much of a line is kept.
const LINE_BYTES: usize = 4 << 10;
/// How much is decompressed: a few kilobytes can hold gigabytes.
const MAX_DECODED: u64 = 1 << 30;

/// Takes a log piece by piece, and keeps its end.
pub(super) struct Tail {
    decoder: Decoder,
}

enum Decoder {
    /// Before the first bytes: they say whether it is gzip.
    Undecided(Vec<u8>),
    Gzip(Box<MultiGzDecoder<Lines>>),
    Plain(Lines),
    /// The rest cannot be read, or is too long.
    Broken(Lines),
}

impl Tail {
    pub(super) fn new() -> Self {
        Self { decoder: Decoder::Undecided(Vec::new()) }
    }

    /// Takes the next piece. After it returns false no further piece is of use.
    pub(super) fn push(&mut self, piece: &[u8]) -> bool {
        self.decoder = match std::mem::replace(&mut self.decoder, Decoder::Broken(Lines::default())) {
            Decoder::Undecided(mut start) => {
                start.extend_from_slice(piece);
                if start.len() < 2 {
                    Decoder::Undecided(start)
                } else if start.starts_with(&[0x1f, 0x8b]) {
                    feed(Box::new(MultiGzDecoder::new(Lines::default())), &start)
                } else {
                    let mut lines = Lines::default();
                    lines.take(&start);
                    Decoder::Plain(lines)
                }
            }
            Decoder::Gzip(decoder) => feed(decoder, piece),
            Decoder::Plain(mut lines) => {
                lines.take(piece);
                Decoder::Plain(lines)
            }
            Decoder::Broken(lines) => Decoder::Broken(lines),
        };
        !matches!(self.decoder, Decoder::Broken(_))
    }

    /// The last lines, oldest first.
    pub(super) fn finish(self) -> Vec<String> {
        let lines = match self.decoder {
            Decoder::Undecided(start) => {
                let mut lines = Lines::default();
                lines.take(&start);
                lines
            }
            Decoder::Gzip(mut decoder) => {
                // A log that is cut off still ends in what came of it.
                let _ = decoder.try_finish();
                std::mem::take(decoder.get_mut())
            }
            Decoder::Plain(lines) | Decoder::Broken(lines) => lines,
        };
        lines.finish()
    }
}

fn feed(mut decoder: Box<MultiGzDecoder<Lines>>, piece: &[u8]) -> Decoder {
    if decoder.write_all(piece).is_ok() {
        return Decoder::Gzip(decoder);
    }
    let _ = decoder.flush();
    Decoder::Broken(std::mem::take(decoder.get_mut()))
}

/// The last lines of what was written to it.
#[derive(Default)]
struct Lines {
    ended: VecDeque<Vec<u8>>,
    open: Vec<u8>,
    taken: u64,
}

impl Lines {
    fn take(&mut self, bytes: &[u8]) {
        self.taken += bytes.len() as u64;
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(|byte| *byte == b'\n') {
            self.extend(&rest[..at]);
            if self.ended.len() == LINES {
                self.ended.pop_front();
            }
            self.ended.push_back(std::mem::take(&mut self.open));
            rest = &rest[at + 1..];
        }
        self.extend(rest);
    }

    fn extend(&mut self, part: &[u8]) {
        let room = LINE_BYTES.saturating_sub(self.open.len());
        self.open.extend_from_slice(&part[..part.len().min(room)]);
    }

    fn finish(mut self) -> Vec<String> {
        if !self.open.is_empty() {
            self.ended.push_back(self.open);
        }
        let skipped = self.ended.len().saturating_sub(LINES);
        let text = |line: &Vec<u8>| String::from_utf8_lossy(line).trim_end_matches('\r').to_owned();
        self.ended.iter().skip(skipped).map(text).collect()
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.taken >= MAX_DECODED {
            return Err(io::Error::other("the log is too long"));
        }
        self.take(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn tail(bytes: &[u8], piece: usize) -> Vec<String> {
        let mut tail = Tail::new();
        for piece in bytes.chunks(piece) {
            if !tail.push(piece) {
                break;
            }
        }
        tail.finish()
    }

    #[test]
    fn however_it_comes_in_pieces_the_end_is_the_same() {
        let text: String = (1..=500).map(|n| format!("line {n}\r\n")).collect::<Vec<_>>().concat();
        for bytes in [gzip(text.as_bytes()), text.clone().into_bytes()] {
            for piece in [1, 7, 1000, 1 << 20] {
                let lines = tail(&bytes, piece);
                assert_eq!(lines.len(), LINES);
                assert_eq!((lines[0].as_str(), lines[LINES - 1].as_str()), ("line 301", "line 500"));
            }
        }
    }

    #[test]
    fn all_members_are_read() {
        let bytes = [gzip(b"first\nhal"), gzip(b"f\nlast")].concat();
        assert_eq!(tail(&bytes, 16), ["first", "half", "last"]);
    }

    #[test]
    fn a_log_that_is_cut_off_or_broken_ends_in_what_came_of_it() {
        let lines: Vec<_> = (1..=5000).map(|n| format!("{n} {}\n", n * 7919 % 10007)).collect();
        let text = lines.concat();
        let mut bytes = gzip(text.as_bytes());
        let half = bytes.len() / 2;
        assert!(!tail(&bytes[..half], 512).is_empty());
        bytes[half] ^= 0xff;
        assert!(!tail(&bytes, 512).is_empty());
        assert!(tail(b"", 1).is_empty());
        assert_eq!(tail(&[0x1f], 1).len(), 1);
        assert!(tail(&gzip(b""), 1).is_empty());
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced_and_endless_lines_are_cut() {
        assert_eq!(tail(&gzip(b"caf\xe9\nok\n"), 64), ["caf\u{fffd}", "ok"]);
        let endless = vec![b'x'; 10 * LINE_BYTES];
        assert_eq!(tail(&gzip(&endless), 4096)[0].len(), LINE_BYTES);
    }
}
