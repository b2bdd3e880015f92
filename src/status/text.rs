//! The box in sentences: what a caretaker reads first, then what a technician asks for.

use super::clock::Clock;
use super::meter::{bar, tenths};
use super::record::latest;
use super::snapshot::{
    Account, AccountState, Call, CallState, Card, Counters, Failure, Mistake, Programme, Severity, Sink,
    SinkState, Status, Stream,
};
use core::fmt;

/// A heading, and what stands below it.
pub(super) struct Section {
    /// Empty: it needs none.
    pub(super) title: &'static str,
    pub(super) items: Vec<Item>,
    /// What one of them is called, and several.
    pub(super) names: [&'static str; 2],
}

/// A sentence, and a bar below it where there is a level.
pub(super) struct Item {
    pub(super) text: String,
    pub(super) level_dbfs: Option<f64>,
}

impl Section {
    /// All of them, the most important first.
    pub(super) fn all(status: &Status) -> Vec<Self> {
        vec![
            Self::new("", ["fault", "faults"], faults_and_warnings(status)),
            Self::new("Telephone", ["account", "accounts"], accounts(&status.accounts)),
            Self::new("Loudspeakers", ["card", "cards"], status.sinks.iter().map(sink)),
            Self::new("Calls", ["call", "calls"], calls(&status.calls)),
            Self::new(
                "Announcements",
                ["announcement", "announcements"],
                status.programmes.iter().map(|programme| Item::plain(programme.to_string())),
            ),
            Self::new(
                "Last pages",
                ["page", "pages"],
                latest(status).map(|page| Item::plain(page.to_string())),
            ),
            Self::new(
                "Music",
                ["player", "players"],
                status.players.iter().map(|player| Item::plain(player.to_string())),
            ),
            Self::new(
                "Lines",
                ["line", "lines"],
                status.lines.iter().map(|line| Item::plain(line.to_string())),
            ),
            Self::new(
                "Configuration",
                ["word", "words"],
                status.mistakes.iter().map(|m| Item::plain(m.to_string())),
            ),
            Self::new("Clock", ["line", "lines"], clock(&status.clock)),
            Self::new("Counted", ["line", "lines"], [Item::plain(status.counters.to_string())]),
        ]
    }

    fn new(title: &'static str, names: [&'static str; 2], items: impl IntoIterator<Item = Item>) -> Self {
        Self { title, names, items: items.into_iter().collect() }
    }
}

impl Item {
    fn plain(text: String) -> Self {
        Self { text, level_dbfs: None }
    }

    /// Its level as a bar with a number, in so many letters.
    pub(super) fn meter(&self, width: usize) -> Option<String> {
        let level_dbfs = self.level_dbfs?;
        let number = format!(" {level_dbfs:.1} dBFS");
        Some(bar(level_dbfs, width.saturating_sub(LONGEST_NUMBER)) + &number)
    }
}

/// The first line.
pub(super) fn title(status: &Status) -> String {
    let (version, uptime) = (&status.version, Span(status.uptime_s));
    let health = match status.faults.len() {
        0 if !status.warnings.is_empty() => "a warning".to_owned(),
        0 => "all is well".to_owned(),
        1 => "a fault".to_owned(),
        count => format!("{count} faults"),
    };
    format!("PagingBox {version}, up for {uptime}: {health}")
}

/// All of it, in lines as long as they come.
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", title(self))?;
        for section in Section::all(self).iter().filter(|section| !section.items.is_empty()) {
            if !section.title.is_empty() {
                writeln!(f, "{}", section.title)?;
            }
            let indent = if section.title.is_empty() { "" } else { "  " };
            for item in &section.items {
                writeln!(f, "{indent}{}", item.text)?;
                if let Some(meter) = item.meter(METER_WIDTH) {
                    writeln!(f, "{indent}  {meter}")?;
                }
            }
        }
        Ok(())
    }
}

fn faults_and_warnings(status: &Status) -> impl Iterator<Item = Item> {
    let faults = status.faults.iter().map(|fault| format!("! {fault}"));
    faults.chain(status.warnings.iter().map(|warning| format!("~ {warning}"))).map(Item::plain)
}

/// Nothing where nobody has looked.
fn clock(clock: &Clock) -> Option<Item> {
    (!clock.time.is_empty()).then(|| Item::plain(clock.to_string()))
}

fn accounts(accounts: &[Account]) -> Vec<Item> {
    if accounts.is_empty() {
        return vec![Item::plain("no account; the box takes direct calls".to_owned())];
    }
    accounts.iter().map(|account| Item::plain(account.to_string())).collect()
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = &self.address;
        match self.state {
            AccountState::Registered => {
                let (user, domain) = address.split_once('@').unwrap_or((address, ""));
                write!(f, "registered as {user} at {}", self.server.as_deref().unwrap_or(domain))?;
                if let Some(seconds) = self.expires_in_s {
                    write!(f, ", for {seconds} s more")?;
                }
                match &self.failure {
                    Some(failure) => write!(f, "; its refresh fails: {failure}"),
                    None => Ok(()),
                }
            }
            AccountState::Registering => write!(f, "{address}: begins to register"),
            AccountState::Off => write!(f, "{address}: does not register ([sip] register = no)"),
            AccountState::Failed => match &self.failure {
                Some(failure) => write!(f, "{address}: not registered: {failure}"),
                None => write!(f, "{address}: not registered"),
            },
        }
    }
}

impl fmt::Display for Programme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, zones, priority, duration_s } = self;
        write!(f, "{what} in {}, priority {priority}, for {}", zones.join(", "), Span(*duration_s))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        if !self.server.is_empty() {
            write!(f, "; at {}", self.server)?;
        }
        if self.since_s > 0 { write!(f, ", for {}", Span(self.since_s)) } else { Ok(()) }
    }
}

fn sink(sink: &Sink) -> Item {
    Item { text: sink.to_string(), level_dbfs: sink.level_dbfs }
}

impl fmt::Display for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            SinkState::Starting => "starts",
            SinkState::Missing => "missing",
            SinkState::Idle => "silent",
            SinkState::Changing => "changes to a better card",
            SinkState::Waking | SinkState::Awake => "plays",
            SinkState::Stopped => "stopped",
        };
        write!(f, "{} {state}", self.device)?;
        match (&self.card, &self.fault) {
            (Some(card), _) => {
                // What is named by itself was asked for by its name.
                let name = if card.name == self.device { "" } else { &format!(" on {}", card.name) };
                write!(f, "{name} ({card}), {} xruns", self.xruns)?;
            }
            // It begins with the device.
            (None, Some(fault)) => write!(f, ", {fault}")?,
            (None, None) => {}
        }
        if self.opened > 1 {
            write!(f, ", opened {} times", self.opened)?;
        }
        let is_everywhere = matches!(self.zones.as_slice(), [zone] if zone == "all");
        if is_everywhere { Ok(()) } else { write!(f, "; zones {}", self.zones.join(", ")) }
    }
}

impl fmt::Display for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, channels, rate_hz, latency_ms, .. } = self;
        write!(f, "{kind}, {channels} channels, ")?;
        if let Some(format) = &self.format {
            write!(f, "{format}, ")?;
        }
        write!(f, "{rate_hz} Hz, latency {latency_ms:.1} ms")
    }
}

fn calls(calls: &[Call]) -> Vec<Item> {
    if calls.is_empty() {
        return vec![Item::plain("nobody calls".to_owned())];
    }
    let level = |call: &Call| call.stream.as_ref().and_then(|stream| stream.level_dbfs);
    calls.iter().map(|call| Item { text: call.to_string(), level_dbfs: level(call) }).collect()
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            CallState::Ringing => "rings",
            CallState::Dialling => "dials",
            CallState::Queued => "waits for others",
            CallState::OnAir => "on air",
            CallState::Recording => "is recorded",
            CallState::Held => "on hold",
            CallState::Leaving => "is hung up",
        };
        write!(f, "{} at {} {state}, {}", self.from, self.peer, Span(self.duration_s))?;
        if let Some(codec) = &self.codec {
            write!(f, ": {codec}")?;
        }
        match &self.stream {
            Some(stream) => write!(f, ", {stream}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(latency) = self.latency_ms {
            write!(f, "latency {latency:.0} ms, ")?;
        }
        write!(f, "jitter {:.1} ms, lost {:.1} %", self.jitter_ms, self.loss_percent)?;
        if let Some(drift) = self.drift_ppm {
            write!(f, ", clock {:+.0} ppm", tenths(drift))?;
        }
        if let Some(loss) = self.caller_loss_percent {
            write!(f, "; he loses {loss:.1} %")?;
        }
        Ok(())
    }
}

/// In the shape of a compiler's: `paging.conf:3:9: error: [sip] ptime: expected …`.
impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)?;
        for number in [self.line, self.column].into_iter().flatten() {
            write!(f, ":{number}")?;
        }
        let severity = match self.severity {
            Severity::Note => "note",
            Severity::Error => "error",
        };
        write!(f, ": {severity}: {}", self.text)
    }
}

impl fmt::Display for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [
            (self.calls, ["call", "calls"]),
            (self.sip_received, ["SIP message", "SIP messages"]),
            (self.sip_malformed, ["malformed"; 2]),
            (self.sip_refused, ["refused"; 2]),
            (self.strangers_refused, ["of strangers"; 2]),
            (self.sip_unsent, ["unsent"; 2]),
            (self.packets_dropped, ["packet dropped", "packets dropped"]),
            (self.log_lines_lost, ["log line lost", "log lines lost"]),
        ];
        // The first two are told in any case.
        let told = counts.iter().enumerate().filter(|(index, (count, _))| *index < 2 || *count > 0);
        for (index, (count, [one, several])) in told {
            let what = if *count == 1 { one } else { several };
            write!(f, "{}{count} {what}", if index == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

/// Seconds as people say them: `45 s`, `12 min`, `3 h 12 min`, `2 d 3 h`.
pub(super) struct Span(pub(super) u64);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (minutes, hours, days) = (self.0 / 60, self.0 / 3600, self.0 / 86_400);
        match self.0 {
            0..120 => write!(f, "{} s", self.0),
            120..3600 => write!(f, "{minutes} min"),
            3600..86_400 => write!(f, "{hours} h {} min", minutes % 60),
            _ => write!(f, "{days} d {} h", hours % 24),
        }
    }
}

/// Letters of ` -120.0 dBFS`.
const LONGEST_NUMBER: usize = 12;
/// Letters of a bar with its number, where there is no terminal to fill.
const METER_WIDTH: usize = 52;
