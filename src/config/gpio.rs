//! Lines of GPIO chips, and what hangs on them: `[gpio]` and `[button NAME]`.
//!
//! A line is called by its name (`GPIO17`, as the board's device tree has it), or where it has none by its chip and its
//! offset there (`gpiochip0:1`, or `gpiochip0 1` as gpioset(1) takes them). Decides what is a line, and that each has one
//! use: the first one stays. Leaves out whether there is such a line.

use core::fmt;
use core::time::Duration;
use std::collections::BTreeMap;

use super::layer::{Given, Slot};
use super::read::Reader;
use super::{Expected, Place, Press, Problem, SectionName, Settings};

/// A line of a GPIO chip. It prints as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Line {
    /// By its name.
    Named(String),
    /// By its place.
    Placed {
        /// The name of the chip (`gpiochip0`) or its label (`pinctrl-rp1`).
        chip: String,
        /// The line there, from 0.
        offset: u32,
    },
}

/// `[gpio]`: what the box switches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gpio {
    /// On while there is sound.
    pub relay: Option<Line>,
    /// And so long before.
    pub relay_lead: Duration,
    /// And so long after.
    pub relay_lag: Duration,
    /// On while there is no fault.
    pub healthy: Option<Line>,
}

/// `[button NAME]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Button {
    /// Its name, as the owner spelt it first.
    pub name: String,
    /// Where it is; every button of [`Settings::buttons`] has one.
    pub line: Option<Line>,
    /// Whether the line is high while it is pressed.
    pub is_high: bool,
    /// How long it must hold.
    pub debounce: Duration,
    /// What it does; as with `line`.
    pub press: Option<Press>,
}

impl Line {
    pub(super) fn from_text(text: &str) -> Result<Self, Expected> {
        let is_printable = !text.chars().any(char::is_control) && text.len() <= MAX_NAME_BYTES;
        if !is_printable {
            return Err(Expected::Line);
        }
        let text = text.strip_prefix("/dev/").unwrap_or(text);
        if let Some((chip, offset)) = placed(text) {
            let offset = offset.parse().map_err(|_| Expected::Line)?;
            return Ok(Self::Placed { chip: chip.to_owned(), offset });
        }
        let is_name = text.bytes().any(|byte| byte.is_ascii_alphabetic());
        if is_name { Ok(Self::Named(text.to_owned())) } else { Err(Expected::Line) }
    }
}

/// Chip and offset, if it is called so. A name may hold blanks, so they part only the name of a chip from its line.
fn placed(text: &str) -> Option<(&str, &str)> {
    let by_blank = || text.split_once(char::is_whitespace).filter(|(chip, _)| chip.starts_with("gpiochip"));
    let (chip, offset) = text.rsplit_once(':').or_else(by_blank)?;
    let (chip, offset) = (chip.trim(), offset.trim());
    let is_offset = !offset.is_empty() && offset.bytes().all(|byte| byte.is_ascii_digit());
    (is_offset && !chip.is_empty()).then_some((chip, offset))
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => f.write_str(name),
            Self::Placed { chip, offset } => write!(f, "{chip}:{offset}"),
        }
    }
}

impl Button {
    pub(super) fn new(name: &str) -> Self {
        let (line, press) = (None, None);
        Self { name: name.to_owned(), line, is_high: false, debounce: Duration::ZERO, press }
    }
}

impl Settings {
    /// Tells the button that is being read.
    pub(super) fn in_button(&mut self, tell: impl FnOnce(&mut Button)) {
        if let Some(button) = self.buttons.last_mut() {
            tell(button);
        }
    }
}

/// Leaves each line with its first use, and out what is no button; there are at most [`MAX_BUTTONS`].
pub(super) fn settle(settings: &mut Settings, given: &BTreeMap<Slot, Given>, reader: &mut Reader<'_>) {
    let mut taken: Vec<(Line, String)> = Vec::new();
    let mut take = |line: &mut Option<Line>, section: &SectionName, key: &'static str| {
        let wanted = line.clone()?;
        match taken.iter().find(|(line, _)| *line == wanted) {
            None => taken.push((wanted, format!("{section} {key}"))),
            Some((_, owner)) => {
                *line = None;
                if let Some(written) = given.get(&(section.id(), key)) {
                    let problem = Problem::LineTaken { owner: owner.clone() };
                    reader.report.error(&written.place, &format!("{section} {key}"), problem);
                }
            }
        }
        Some(())
    };
    let section = SectionName { kind: "gpio", name: None };
    take(&mut settings.gpio.relay, &section, "relay");
    take(&mut settings.gpio.healthy, &section, "healthy");
    for button in &mut settings.buttons {
        take(&mut button.line, &SectionName { kind: BUTTONS, name: Some(button.name.clone()) }, "line");
    }
    settings.buttons.retain(|button| button.line.is_some() && button.press.is_some());
    if let Some(first) = settings.buttons.get(MAX_BUTTONS) {
        let id = SectionName { kind: BUTTONS, name: Some(first.name.clone()) }.id();
        let section = reader.others.iter().find(|(section, _): &&(_, Place)| section.id() == id).cloned();
        if let Some((section, place)) = section {
            reader.report.error(
                &place,
                &section.to_string(),
                Problem::TooMany { most: MAX_BUTTONS, what: "buttons" },
            );
        }
        settings.buttons.truncate(MAX_BUTTONS);
    }
}

/// The kind of section that makes a button.
pub(super) const BUTTONS: &str = "button";
/// A file descriptor and a task each; a Raspberry Pi has 28 lines to give.
pub const MAX_BUTTONS: usize = 32;
/// `GPIO_MAX_NAME_SIZE` is 32 with the final zero; a chip's name and an offset have room for as much again.
const MAX_NAME_BYTES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;

    #[test]
    fn a_line_is_called_by_its_name_or_by_its_place() {
        let named = |name: &str| Ok(Line::Named(name.to_owned()));
        let placed = |chip: &str, offset| Ok(Line::Placed { chip: chip.to_owned(), offset });
        for (text, expected) in [
            ("GPIO17", named("GPIO17")),
            ("PIN 11", named("PIN 11")),
            ("gpiochip0:1", placed("gpiochip0", 1)),
            ("gpiochip0 1", placed("gpiochip0", 1)),
            ("/dev/gpiochip4: 17", placed("gpiochip4", 17)),
            ("pinctrl-rp1:17", placed("pinctrl-rp1", 17)),
            ("9030000.pl061:3", placed("9030000.pl061", 3)),
            ("reset:", named("reset:")),
        ] {
            assert_eq!(Line::from_text(text), expected, "{text}");
        }
        for text in ["", "17", ":1", "gpiochip0:99999999999", "a\u{7}", &"x".repeat(65)] {
            assert_eq!(Line::from_text(text), Err(Expected::Line), "{text}");
        }
    }

    #[test]
    fn a_line_prints_as_it_is_read() {
        for text in ["GPIO17", "gpiochip0:1"] {
            assert_eq!(Line::from_text(text).unwrap().to_string(), text);
        }
    }

    fn read(text: &str) -> (Settings, Vec<String>) {
        let loaded = load(&[("a", text.as_bytes())], [], &[]);
        (loaded.settings, loaded.diagnostics.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_button_has_its_name_line_and_use() {
        let (settings, told) = read("[button Desk]\nline = GPIO22\nactive = high\ndo = stop\n");
        assert_eq!(told, [""; 0]);
        let expected = Button {
            name: "Desk".to_owned(),
            line: Some(Line::Named("GPIO22".to_owned())),
            is_high: true,
            debounce: Duration::from_millis(30),
            press: Some(Press::Stop),
        };
        assert_eq!(settings.buttons, [expected]);
    }

    #[test]
    fn each_line_has_one_use_and_what_is_no_button_is_none() {
        let (settings, told) = read(
            "[gpio]\nrelay = GPIO17\nhealthy = GPIO17\n[button a]\nline = GPIO17\ndo = stop\n\
             [button b]\nline = GPIO22\ndo = stop\n[button c]\nline = GPIO23\n",
        );
        assert_eq!(
            told,
            [
                "a:3:11: error: [gpio] healthy: expected a line of its own: [gpio] relay has this one; it is left out",
                "a:5:8: error: [button a] line: expected a line of its own: [gpio] relay has this one; it is left out",
                "a:10:1: error: [button c]: expected do as well; it does nothing",
            ]
        );
        assert_eq!(settings.gpio.healthy, None);
        let names: Vec<_> = settings.buttons.iter().map(|button| button.name.as_str()).collect();
        assert_eq!(names, ["b"]);
    }

    #[test]
    fn there_are_only_so_many_buttons() {
        let button = |number| format!("[button b{number}]\nline = GPIO{number}\ndo = stop\n");
        let (settings, told) = read(&(0..=MAX_BUTTONS + 3).map(button).collect::<String>());
        assert_eq!(settings.buttons.len(), MAX_BUTTONS);
        assert_eq!(
            told,
            ["a:97:1: error: [button b32]: expected at most 32 buttons; it is none, nor are those behind it"]
        );
    }
}
