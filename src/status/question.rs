//! What may be asked on the socket: one line, `status` or `watch MILLISECONDS`.

use core::fmt;
use core::str::FromStr;
use core::time::Duration;

/// A question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// How the box is now.
    Status,
    /// How it is now, and again each time this has passed.
    Watch(Duration),
}

impl Question {
    /// Bytes of the longest line, its end included.
    pub const LONGEST: usize = 64;
    /// The least time between two answers.
    pub const OFTEN: Duration = Duration::from_millis(250);
    /// The most.
    pub const RARELY: Duration = Duration::from_secs(10);
}

impl FromStr for Question {
    type Err = QuestionError;

    /// Reads a line; its end, a carriage return before it, and blanks around it do not matter.
    fn from_str(line: &str) -> Result<Self, QuestionError> {
        let mut words = line.split_ascii_whitespace();
        let question = match (words.next(), words.next()) {
            (Some("status"), None) => Self::Status,
            (Some("watch"), Some(millis)) => {
                let every = millis.parse().map(Duration::from_millis).map_err(|_| QuestionError)?;
                Self::Watch(Some(every).filter(|every| Self::is_sensible(*every)).ok_or(QuestionError)?)
            }
            _ => return Err(QuestionError),
        };
        if words.next().is_some() { Err(QuestionError) } else { Ok(question) }
    }
}

impl Question {
    fn is_sensible(every: Duration) -> bool {
        (Self::OFTEN..=Self::RARELY).contains(&every)
    }
}

/// As it is written, with the end of its line.
impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status => writeln!(f, "status"),
            Self::Watch(every) => writeln!(f, "watch {}", every.as_millis()),
        }
    }
}

/// A line is no [`Question`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuestionError;

impl fmt::Display for QuestionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (often, rarely) = (Question::OFTEN.as_millis(), Question::RARELY.as_millis());
        write!(f, "expected \"status\", or \"watch MILLISECONDS\" with {often} to {rarely}")
    }
}

impl std::error::Error for QuestionError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_read_as_it_was_written() {
        for question in
            [Question::Status, Question::Watch(Question::OFTEN), Question::Watch(Question::RARELY)]
        {
            let line = question.to_string();
            assert!(line.ends_with('\n') && line.len() <= Question::LONGEST, "{line}");
            assert_eq!(line.parse(), Ok(question));
        }
        assert_eq!("  watch  1000 \r\n".parse(), Ok(Question::Watch(Duration::from_secs(1))));
    }

    #[test]
    fn anything_else_is_refused() {
        let lines =
            ["", "STATUS", "status now", "watch", "watch 249", "watch 10001", "watch 1e3", "watch -1"];
        for line in lines.into_iter().chain(["watch 99999999999999999999", "watch 500 500", "GET / HTTP/1.1"])
        {
            assert_eq!(line.parse::<Question>(), Err(QuestionError), "{line:?}");
        }
    }
}
