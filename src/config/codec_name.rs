//! Codecs by name.

use core::fmt;

use super::Expected;

/// A codec that can be put into `codecs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodecName {
    /// G.722, 16 kHz.
    G722,
    /// G.711 A-law.
    Pcma,
    /// G.711 µ-law.
    Pcmu,
    /// Linear samples of 16 bits, at 48, 16 and 8 kHz.
    L16,
}

impl CodecName {
    /// Reads a list, which may not be empty; what comes twice counts once.
    pub(super) fn list(text: &str) -> Result<Vec<Self>, Expected> {
        let mut list = Vec::new();
        for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            let codec = Self::from_word(word).ok_or(Expected::Codecs)?;
            if !list.contains(&codec) {
                list.push(codec);
            }
        }
        if list.is_empty() { Err(Expected::Codecs) } else { Ok(list) }
    }

    pub(super) fn from_text(text: &str) -> Result<Self, Expected> {
        Self::from_word(text).ok_or(Expected::Codec)
    }

    /// Reads one codec; `None` is `auto`.
    pub(super) fn or_auto(text: &str) -> Result<Option<Self>, Expected> {
        if text.eq_ignore_ascii_case("auto") {
            return Ok(None);
        }
        Self::from_word(text).map(Some).ok_or(Expected::CodecOrAuto)
    }

    /// The name in session descriptions.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::G722 => "G722",
            Self::Pcma => "PCMA",
            Self::Pcmu => "PCMU",
            Self::L16 => "L16",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "g722" => Some(Self::G722),
            "pcma" | "alaw" | "g711a" => Some(Self::Pcma),
            "pcmu" | "ulaw" | "g711u" => Some(Self::Pcmu),
            "l16" => Some(Self::L16),
            _ => None,
        }
    }
}

impl fmt::Display for CodecName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_keeps_its_order_and_knows_other_names() {
        let list = CodecName::list("g722, pcmu, ALAW, PCMU, L16,").unwrap();
        assert_eq!(list, [CodecName::G722, CodecName::Pcmu, CodecName::Pcma, CodecName::L16]);
        assert_eq!(list.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "), "G722 PCMU PCMA L16");
    }

    #[test]
    fn where_one_is_wanted_several_are_refused() {
        assert_eq!(CodecName::from_text("g722"), Ok(CodecName::G722));
        assert_eq!(CodecName::from_text("G722, PCMA"), Err(Expected::Codec));
        assert_eq!(CodecName::or_auto("Auto"), Ok(None));
        assert_eq!(CodecName::or_auto("alaw"), Ok(Some(CodecName::Pcma)));
        assert_eq!(CodecName::or_auto("opus"), Err(Expected::CodecOrAuto));
    }

    #[test]
    fn an_unknown_codec_or_none_at_all_is_refused() {
        for text in ["PCMA, G729", "", " , "] {
            assert_eq!(CodecName::list(text), Err(Expected::Codecs), "{text:?}");
        }
    }
}
