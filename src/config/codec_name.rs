//! Codecs by name.

use core::fmt;

use super::Expected;

/// A codec that can be put into `codecs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodecName {
    /// G.711 A-law.
    Pcma,
    /// G.711 µ-law.
    Pcmu,
}

impl CodecName {
    /// Reads a list; gives the codecs that work, and the known ones that do not yet.
    pub(super) fn list(text: &str) -> Result<(Vec<Self>, Vec<&'static str>), Expected> {
        let (mut working, mut later) = (Vec::new(), Vec::new());
        for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            match Self::from_word(word) {
                Some(codec) if !working.contains(&codec) => working.push(codec),
                Some(_) => {}
                None => later.push(later_codec(word).ok_or(Expected::Codecs)?),
            }
        }
        later.dedup();
        if working.is_empty() { Err(Expected::WorkingCodec) } else { Ok((working, later)) }
    }

    fn from_word(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "pcma" | "alaw" | "g711a" => Some(Self::Pcma),
            "pcmu" | "ulaw" | "g711u" => Some(Self::Pcmu),
            _ => None,
        }
    }
}

impl fmt::Display for CodecName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pcma => "PCMA",
            Self::Pcmu => "PCMU",
        })
    }
}

fn later_codec(word: &str) -> Option<&'static str> {
    ["G722", "L16"].into_iter().find(|name| name.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_keeps_its_order_and_what_does_not_work_yet() {
        let (working, later) = CodecName::list("g722, pcmu, ALAW, PCMU, L16").unwrap();
        assert_eq!(working, [CodecName::Pcmu, CodecName::Pcma]);
        assert_eq!(later, ["G722", "L16"]);
    }

    #[test]
    fn an_unknown_codec_or_none_that_works_is_refused() {
        assert_eq!(CodecName::list("PCMA, G729"), Err(Expected::Codecs));
        assert_eq!(CodecName::list("G722"), Err(Expected::WorkingCodec));
        assert_eq!(CodecName::list(" , "), Err(Expected::WorkingCodec));
    }
}
