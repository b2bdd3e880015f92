//! Which way a stream flows.

use core::fmt;

/// Which way media flows, seen from the end that says it (RFC 3264 §5.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Both ways; also what holds when nothing is said.
    #[default]
    SendRecv,
    /// Only from the end that says it.
    SendOnly,
    /// Only to the end that says it.
    RecvOnly,
    /// Neither way: hold.
    Inactive,
}

impl Direction {
    /// The direction of an attribute name, in any letter case.
    #[must_use]
    pub fn from_attribute(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|direction| direction.attribute().eq_ignore_ascii_case(name))
    }

    /// The name of the attribute that says it.
    #[must_use]
    pub const fn attribute(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    /// The same stream seen from the other end; also the widest answer to an offer (RFC 3264 §6.1).
    #[must_use]
    pub const fn reversed(self) -> Self {
        Self::of(self.receives(), self.sends())
    }

    /// This direction without receiving.
    #[must_use]
    pub const fn without_receiving(self) -> Self {
        Self::of(self.sends(), false)
    }

    /// Whether the end that says it sends.
    #[must_use]
    pub const fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether the end that says it receives.
    #[must_use]
    pub const fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }

    const fn of(sends: bool, receives: bool) -> Self {
        match (sends, receives) {
            (true, true) => Self::SendRecv,
            (true, false) => Self::SendOnly,
            (false, true) => Self::RecvOnly,
            (false, false) => Self::Inactive,
        }
    }

    const ALL: [Self; 4] = [Self::SendRecv, Self::SendOnly, Self::RecvOnly, Self::Inactive];
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.attribute())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_end_sees_the_reverse() {
        let pairs = [
            (Direction::SendRecv, Direction::SendRecv),
            (Direction::SendOnly, Direction::RecvOnly),
            (Direction::RecvOnly, Direction::SendOnly),
            (Direction::Inactive, Direction::Inactive),
        ];
        for (said, seen) in pairs {
            assert_eq!(said.reversed(), seen);
        }
    }

    #[test]
    fn an_attribute_is_known_in_any_letter_case() {
        assert_eq!(Direction::from_attribute("SendOnly"), Some(Direction::SendOnly));
        assert_eq!(Direction::from_attribute("sendonly "), None);
    }
}
