//! Channels of a sound card.

use core::fmt;

use super::Expected;

/// Channels of a card, which are numbered from 1, as the sockets at its back are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChannelSet(u8);

impl ChannelSet {
    /// The highest channel there may be.
    pub const MOST: usize = 8;

    /// Reads `2` or `1, 2`.
    pub(super) fn from_text(text: &str) -> Result<Self, Expected> {
        let words = text.split([',', ' ']).map(str::trim).filter(|word| !word.is_empty());
        let set = words.map(channel).try_fold(Self::default(), |set, channel| {
            let channel = channel?;
            if set.common(channel).is_empty() { Ok(set.with(channel)) } else { Err(Expected::ChannelOnce) }
        })?;
        if set.is_empty() { Err(Expected::Channels) } else { Ok(set) }
    }

    /// Channels 1 to `highest`, [`ChannelSet::MOST`] at most.
    #[must_use]
    pub fn up_to(highest: usize) -> Self {
        let unused = Self::MOST.saturating_sub(highest);
        Self(u8::MAX.checked_shr(u32::try_from(unused).unwrap_or(u32::MAX)).unwrap_or(0))
    }

    /// Whether `channel` is one of them.
    #[must_use]
    pub fn contains(self, channel: usize) -> bool {
        (1..=Self::MOST).contains(&channel) && self.0 >> (channel - 1) & 1 == 1
    }

    /// Each of them, the lowest first.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        (1..=Self::MOST).filter(move |&channel| self.contains(channel))
    }

    /// The highest; 0 if there is none.
    #[must_use]
    pub fn highest(self) -> usize {
        self.iter().last().unwrap_or(0)
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(super) const fn common(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

fn channel(word: &str) -> Result<ChannelSet, Expected> {
    let number = word.parse().ok().filter(|number| (1..=ChannelSet::MOST).contains(number));
    let number: usize = number.ok_or(Expected::Channels)?;
    Ok(ChannelSet(1 << (number - 1)))
}

impl fmt::Display for ChannelSet {
    /// As it is written: `1, 2`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, channel) in self.iter().enumerate() {
            let separator = if index > 0 { ", " } else { "" };
            write!(f, "{separator}{channel}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_read_as_they_are_written() {
        for (text, channels) in
            [("2", vec![2]), ("1,2", vec![1, 2]), (" 8 ,1", vec![1, 8]), ("1 3", vec![1, 3])]
        {
            let set = ChannelSet::from_text(text).unwrap();
            assert_eq!(set.iter().collect::<Vec<_>>(), channels, "{text}");
            assert_eq!(ChannelSet::from_text(&set.to_string()), Ok(set), "{text}");
        }
    }

    #[test]
    fn what_no_card_has_is_refused() {
        for text in ["", ",", "0", "9", "1,9", "-1", "left", "1-2", "1;2"] {
            assert_eq!(ChannelSet::from_text(text), Err(Expected::Channels), "{text}");
        }
        assert_eq!(ChannelSet::from_text("1,2,1"), Err(Expected::ChannelOnce));
    }

    #[test]
    fn sets_are_counted_from_one() {
        let set = ChannelSet::from_text("2,5").unwrap();
        assert_eq!(
            (set.highest(), set.contains(5), set.contains(1), set.contains(0)),
            (5, true, false, false)
        );
        let counts = [0, 1, 2, 8, 99].map(|highest| ChannelSet::up_to(highest).iter().count());
        assert_eq!(counts, [0, 1, 2, 8, 8]);
        assert_eq!((ChannelSet::default().highest(), ChannelSet::default().is_empty()), (0, true));
    }
}
