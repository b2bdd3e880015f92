//! Facts put into words.

use super::Word;
use core::fmt;
use core::time::Duration;
use std::net::IpAddr;

/// Something that is wrong with the box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The machine has no address in any network.
    NoNetwork,
    /// A sound card that the configuration names is not there.
    CardMissing,
    /// The configuration has mistakes.
    Mistakes {
        /// The lines they are in, from 1, where they are in lines; in the order of the text.
        lines: Vec<u32>,
        /// How many mistakes there are; at least one.
        count: usize,
    },
    /// No server knows where the box is.
    NotRegistered {
        /// The user of the account.
        user: String,
        /// Why.
        trouble: Trouble,
    },
}

/// Why an account is not registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing is known about it yet, or nothing that there are words for.
    Unknown,
    /// What was proved is wrong.
    WrongPassword,
    /// The server does not want this account.
    Refused,
    /// The server's name has no address.
    NotFound,
    /// The server does not answer, or nothing leads to it.
    NoAnswer,
}

impl Trouble {
    /// Whether waiting may mend it: a telephone system that starts, a network that returns.
    #[must_use]
    pub const fn may_pass(self) -> bool {
        match self {
            Self::Unknown | Self::NotFound | Self::NoAnswer => true,
            Self::WrongPassword | Self::Refused => false,
        }
    }

    const fn word(self) -> Option<Word> {
        match self {
            Self::Unknown => None,
            Self::WrongPassword => Some(THE_PASSWORD_IS_WRONG),
            Self::Refused => Some(THE_SERVER_DOES_NOT_ACCEPT_IT),
            Self::NotFound => Some(THE_SERVER_IS_NOT_FOUND),
            Self::NoAnswer => Some(THE_SERVER_DOES_NOT_ANSWER),
        }
    }
}

/// What is said, word by word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    steps: Vec<Step>,
}

/// A step of a [`Script`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Says a word.
    Say(Word),
    /// Breathes between two digits, or two words of one sentence.
    Breath,
    /// Sets off a part of a sentence.
    Comma,
    /// Ends a sentence.
    Stop,
}

impl Step {
    /// How long it is silent.
    #[must_use]
    pub const fn pause(self) -> Duration {
        match self {
            Self::Say(_) => Duration::ZERO,
            Self::Breath => Duration::from_millis(90),
            Self::Comma => Duration::from_millis(250),
            Self::Stop => Duration::from_millis(600),
        }
    }
}

impl Script {
    /// What is wrong, as it is told unasked.
    #[must_use]
    pub fn of_faults(faults: &[Fault]) -> Self {
        let mut script = Self::default();
        script.sentence(&[THIS_IS_THE_PAGING_BOX]);
        // What comes of a missing network is no news beside it.
        let has_network = !faults.contains(&Fault::NoNetwork);
        let is_said = |fault: &&Fault| match fault {
            Fault::NotRegistered { trouble, .. } => has_network || !trouble.may_pass(),
            _ => true,
        };
        for fault in faults.iter().filter(is_said).take(MOST_FAULTS) {
            script.fault(fault);
        }
        script
    }

    /// What is known of the box, as it is told when asked for.
    #[must_use]
    pub fn of_status(address: Option<IpAddr>, faults: &[Fault]) -> Self {
        let mut script = Self::default();
        script.sentence(&[THIS_IS_THE_PAGING_BOX]);
        match address {
            Some(address) => script.address(address),
            None => script.sentence(&[THERE_IS_NO_NETWORK]),
        }
        if !faults.iter().any(|fault| matches!(fault, Fault::Mistakes { .. })) {
            script.sentence(&[NO_MISTAKES]);
        }
        for fault in faults.iter().filter(|fault| **fault != Fault::NoNetwork).take(MOST_FAULTS) {
            script.fault(fault);
        }
        script
    }

    /// The address of the box, for one who asks.
    #[must_use]
    pub fn of_address(address: Option<IpAddr>) -> Self {
        let mut script = Self::default();
        match address {
            Some(address) => script.address(address),
            None => script.sentence(&[THERE_IS_NO_NETWORK]),
        }
        script
    }

    /// Any text, as far as there are words for it: those of the vocabulary, single letters, and numbers digit by digit.
    ///
    /// # Errors
    /// The first word that there is none for.
    pub fn of_text(text: &str) -> Result<Self, Unsayable> {
        let words: Vec<(&str, Option<Step>)> = text.split_whitespace().map(parted).collect();
        let mut script = Self::default();
        let mut rest = words.as_slice();
        while let Some(((first, _), _)) = rest.split_first() {
            let (word, count) = phrase(rest);
            match word {
                Some(word) => script.say(word),
                None if is_spelt(first) => script.spell(first),
                None if first.is_empty() => {}
                None => return Err(Unsayable { word: (*first).to_owned() }),
            }
            let is_said = matches!(script.steps.last(), Some(Step::Say(_)));
            script.steps.extend(rest[count - 1].1.filter(|_| is_said));
            rest = &rest[count..];
        }
        Ok(script)
    }

    /// The steps.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    fn fault(&mut self, fault: &Fault) {
        match fault {
            Fault::NoNetwork => self.sentence(&[THERE_IS_NO_NETWORK]),
            Fault::CardMissing => self.sentence(&[A_SOUND_CARD_IS_MISSING]),
            Fault::Mistakes { lines, count } => self.mistakes(lines, *count),
            Fault::NotRegistered { user, trouble } => {
                self.account(user);
                self.sentence(&[IS_NOT_REGISTERED]);
                if let Some(why) = trouble.word() {
                    self.sentence(&[why]);
                }
            }
        }
    }

    /// The lines are those of the first mistakes; who mends them looks into the log or asks `paging check` for the rest.
    fn mistakes(&mut self, lines: &[u32], count: usize) {
        self.say(if count == 1 { THERE_IS_A_MISTAKE } else { THERE_ARE_MISTAKES });
        let mut told = Vec::new();
        for &line in lines {
            if !told.contains(&line) && told.len() < MOST_LINES {
                told.push(line);
                self.steps.push(Step::Comma);
                self.say(LINE_NUMBER);
                self.spell(&line.to_string());
            }
        }
        if lines.iter().any(|line| !told.contains(line)) || !lines.is_empty() && lines.len() < count {
            self.steps.push(Step::Comma);
            self.say(AND_MORE);
        }
        self.steps.push(Step::Stop);
    }

    /// A number is an extension for people, other names are not. What is too long to be followed is left out.
    fn account(&mut self, user: &str) {
        let is_extension = user.bytes().all(|byte| byte.is_ascii_digit());
        self.say(if is_extension { EXTENSION } else { ACCOUNT });
        if user.chars().count() <= MOST_SPELT {
            self.spell(user);
        }
        self.steps.push(Step::Breath);
    }

    fn address(&mut self, address: IpAddr) {
        self.say(THE_ADDRESS_IS);
        self.steps.push(Step::Comma);
        self.spell(&address.to_string());
        self.steps.push(Step::Stop);
    }

    /// Character by character; those that there is no word for are left out.
    fn spell(&mut self, text: &str) {
        let sign = |c| match c {
            '.' => Some(POINT),
            ':' => Some(COLON),
            '-' => Some(DASH),
            _ => Word::of_char(c),
        };
        text.chars().filter_map(sign).for_each(|word| self.say(word));
    }

    fn sentence(&mut self, words: &[Word]) {
        for &word in words {
            self.say(word);
        }
        self.steps.push(Step::Stop);
    }

    fn say(&mut self, word: Word) {
        if matches!(self.steps.last(), Some(Step::Say(_))) {
            self.steps.push(Step::Breath);
        }
        self.steps.push(Step::Say(word));
    }
}

/// A text holds a word that there is no clip for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsayable {
    /// The word.
    pub word: String,
}

impl fmt::Display for Unsayable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no clip of the word \"{}\"", self.word.escape_debug())
    }
}

impl std::error::Error for Unsayable {}

/// A word, and the pause behind it.
fn parted(word: &str) -> (&str, Option<Step>) {
    let bare = word.trim_end_matches(['.', '!', '?', ',', ';', ':']);
    let pause = match word[bare.len()..].chars().next() {
        None => None,
        Some('.' | '!' | '?') => Some(Step::Stop),
        Some(_) => Some(Step::Comma),
    };
    (bare, pause)
}

/// The longest entry of the vocabulary that `words` begin with, and of how many it is made; at least one.
fn phrase(words: &[(&str, Option<Step>)]) -> (Option<Word>, usize) {
    // A pause within an entry is none that it has.
    let joined = words.iter().position(|(_, pause)| pause.is_some()).map_or(words.len(), |last| last + 1);
    let longest = joined.min(MOST_WORDS);
    let found = (1..=longest).rev().find_map(|count| {
        let text: Vec<_> = words[..count].iter().map(|(word, _)| word.to_lowercase()).collect();
        Some((Word::find(&text.join(" "))?, count))
    });
    found.map_or((None, 1), |(word, count)| (Some(word), count))
}

/// Numbers, addresses and the like are said character by character.
fn is_spelt(word: &str) -> bool {
    let is_sign = |c: char| matches!(c, '.' | ':' | '-');
    word.contains(|c: char| c.is_ascii_digit())
        && word.chars().all(|c| c.is_ascii_alphanumeric() || is_sign(c))
}

/// As it would be written, for the log.
impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.steps.iter().rposition(|step| matches!(step, Step::Say(_)));
        for step in self.steps.iter().take(last.map_or(0, |last| last + 1)) {
            match step {
                Step::Say(word) => write!(f, "{word}")?,
                Step::Breath => f.write_str(" ")?,
                Step::Comma => f.write_str(", ")?,
                Step::Stop => f.write_str(". ")?,
            }
        }
        Ok(())
    }
}

const POINT: Word = Word::of("point");
const COLON: Word = Word::of("colon");
const DASH: Word = Word::of("dash");
const LINE_NUMBER: Word = Word::of("line number");
const AND_MORE: Word = Word::of("and more");
const EXTENSION: Word = Word::of("extension");
const ACCOUNT: Word = Word::of("account");
const IS_NOT_REGISTERED: Word = Word::of("is not registered");
const THIS_IS_THE_PAGING_BOX: Word = Word::of("this is the paging box");
const THE_ADDRESS_IS: Word = Word::of("the address is");
const THERE_IS_NO_NETWORK: Word = Word::of("there is no network");
const A_SOUND_CARD_IS_MISSING: Word = Word::of("a sound card is missing");
const NO_MISTAKES: Word = Word::of("no mistakes in the configuration");
const THERE_IS_A_MISTAKE: Word = Word::of("there is a mistake in the configuration");
const THERE_ARE_MISTAKES: Word = Word::of("there are mistakes in the configuration");
const THE_PASSWORD_IS_WRONG: Word = Word::of("the password is wrong");
const THE_SERVER_DOES_NOT_ACCEPT_IT: Word = Word::of("the server does not accept it");
const THE_SERVER_IS_NOT_FOUND: Word = Word::of("the server is not found");
const THE_SERVER_DOES_NOT_ANSWER: Word = Word::of("the server does not answer");

/// Of the longest entry of the vocabulary.
const MOST_WORDS: usize = 8;
/// Who listens remembers no more.
const MOST_LINES: usize = 3;
const MOST_FAULTS: usize = 3;
const MOST_SPELT: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    fn status(address: &str, faults: &[Fault]) -> String {
        Script::of_status(address.parse().ok(), faults).to_string()
    }

    fn mistakes(lines: &[u32], count: usize) -> String {
        let text = Script::of_faults(&[Fault::Mistakes { lines: lines.to_vec(), count }]).to_string();
        text.strip_prefix("this is the paging box. ").unwrap().to_owned()
    }

    fn account(user: &str, trouble: Trouble) -> Fault {
        Fault::NotRegistered { user: user.to_owned(), trouble }
    }

    #[test]
    fn an_address_is_said_digit_by_digit() {
        assert_eq!(
            status("192.168.1.20", &[]),
            "this is the paging box. the address is, 1 9 2 point 1 6 8 point 1 point 2 0. \
             no mistakes in the configuration"
        );
        assert_eq!(
            status("2001:db8::1f", &[]),
            "this is the paging box. the address is, 2 0 0 1 colon d b 8 colon colon 1 f. \
             no mistakes in the configuration"
        );
    }

    #[test]
    fn who_asks_for_the_address_is_told_nothing_else() {
        let said = |address: &str| Script::of_address(address.parse().ok()).to_string();
        assert_eq!(said("10.0.0.7"), "the address is, 1 0 point 0 point 0 point 7");
        assert_eq!(said(""), "there is no network");
    }

    #[test]
    fn a_text_is_said_as_far_as_there_are_words_for_it() {
        let said = |text: &str| Script::of_text(text).map(|script| script.to_string());
        for (text, expected) in [
            (
                "This is the Paging Box. Extension 501, is not registered!",
                "this is the paging box. extension 5 0 1, is not registered",
            ),
            ("10.0.0.7 b", "1 0 point 0 point 0 point 7 b"),
            ("...  4-2 :", "4 dash 2"),
            ("", ""),
        ] {
            assert_eq!(said(text).as_deref(), Ok(expected), "{text}");
        }
        assert_eq!(said("the server is asleep"), Err(Unsayable { word: "the".to_owned() }));
        assert_eq!(said("5 gr\u{fc}n"), Err(Unsayable { word: "gr\u{fc}n".to_owned() }));
        let longest = crate::speech::ENGLISH.iter().map(|entry| entry.text.split(' ').count()).max();
        assert!(longest <= Some(MOST_WORDS));
    }

    #[test]
    fn without_an_address_there_is_no_network_and_it_is_said_once() {
        assert_eq!(
            status("", &[Fault::NoNetwork]),
            "this is the paging box. there is no network. no mistakes in the configuration"
        );
    }

    #[test]
    fn mistakes_are_told_with_the_first_three_of_their_lines() {
        assert_eq!(mistakes(&[14], 1), "there is a mistake in the configuration, line number 1 4");
        assert_eq!(
            mistakes(&[9, 20, 20], 3),
            "there are mistakes in the configuration, line number 9, line number 2 0"
        );
        assert_eq!(
            mistakes(&[1, 2, 3, 4], 4),
            "there are mistakes in the configuration, line number 1, line number 2, line number 3, and more"
        );
        // A --set is in no line.
        assert_eq!(mistakes(&[], 2), "there are mistakes in the configuration");
        assert_eq!(mistakes(&[7], 2), "there are mistakes in the configuration, line number 7, and more");
    }

    #[test]
    fn an_account_is_called_as_people_call_it() {
        let said = |user, trouble| Script::of_faults(&[account(user, trouble)]).to_string();
        assert_eq!(
            said("501", Trouble::WrongPassword),
            "this is the paging box. extension 5 0 1 is not registered. the password is wrong"
        );
        assert_eq!(
            said("Hall-2", Trouble::NoAnswer),
            "this is the paging box. account h a l l dash 2 is not registered. the server does not answer"
        );
        assert_eq!(
            said("a-name-that-nobody-follows", Trouble::Unknown),
            "this is the paging box. account is not registered"
        );
        assert_eq!(
            said("ä_1", Trouble::NotFound),
            "this is the paging box. account 1 is not registered. the server is not found"
        );
    }

    #[test]
    fn without_a_network_no_server_is_blamed_but_a_wrong_password_stays_wrong() {
        let faults =
            [Fault::NoNetwork, account("1", Trouble::NoAnswer), account("2", Trouble::WrongPassword)];
        assert_eq!(
            Script::of_faults(&faults).to_string(),
            "this is the paging box. there is no network. extension 2 is not registered. the password is wrong"
        );
    }

    #[test]
    fn digits_have_a_breath_between_them_and_a_sentence_ends_in_a_pause() {
        let script = Script::of_faults(&[account("12", Trouble::Unknown)]);
        let [
            Step::Say(_),
            Step::Stop,
            Step::Say(a),
            Step::Breath,
            Step::Say(b),
            Step::Breath,
            Step::Say(c),
            Step::Breath,
            Step::Say(_),
            Step::Stop,
        ] = script.steps()
        else {
            panic!("{script:?}");
        };
        assert_eq!([a, b, c].map(|word| word.text()), ["extension", "1", "2"]);
        assert!(Step::Breath.pause() < Step::Comma.pause() && Step::Comma.pause() < Step::Stop.pause());
    }

    #[test]
    fn however_much_is_wrong_it_comes_to_an_end() {
        let faults: Vec<_> = (0..100).map(|_| account("123456789012", Trouble::NoAnswer)).collect();
        let words =
            Script::of_faults(&faults).steps().iter().filter(|step| matches!(step, Step::Say(_))).count();
        assert_eq!(words, 1 + MOST_FAULTS * (1 + MOST_SPELT + 2));
    }
}
