//! What a person finds on the card when he puts it into a computer: how the box was when that last changed.
//!
//! Decides what is told: nothing that changes by itself (times, calls, latencies, which of several servers), for every change
//! is a write to the card. Leaves out when it is written, and the form of the file (`guard`).

use super::fault::Fault;
use super::snapshot::{Account, AccountState, Mistake, Severity, Sink, SinkState, Status};
use core::fmt;
use core::net::IpAddr;

/// A box, in sentences.
#[derive(Clone, Debug)]
pub struct Condition<'a> {
    /// How it is.
    pub status: &'a Status,
    /// What it runs on; empty where that is not known.
    pub board: &'a str,
    /// Its own addresses.
    pub addresses: &'a [IpAddr],
    /// The wireless network that it is to join; empty: none.
    pub wifi: &'a str,
    /// How it is with that, in the words of docs/network.md; another word says nothing.
    pub wifi_is: &'a str,
}

impl Condition<'_> {
    /// Whether its configuration is good: it works by it, and nothing in it is wrong.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.works() && !self.status.mistakes.iter().any(|mistake| mistake.severity == Severity::Error)
    }

    /// Whether every account is registered that should be, and every card is open.
    #[must_use]
    pub fn works(&self) -> bool {
        let Status { accounts, sinks, .. } = self.status;
        let is_well =
            |account: &Account| matches!(account.state, AccountState::Registered | AccountState::Off);
        accounts.iter().all(is_well) && sinks.iter().all(|sink| sink.state.is_open())
    }

    /// Whether nothing is under way that will soon be otherwise.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        let Status { accounts, sinks, .. } = self.status;
        let registers =
            |account: &Account| account.state == AccountState::Registering && account.failure.is_none();
        !accounts.iter().any(registers)
            && !sinks.iter().any(|sink| sink.state == SinkState::Starting)
            && !self.addresses.is_empty()
    }

    /// Addresses by which others reach it: IPv6 only where there is nothing else, for that changes every day.
    fn reachable(&self) -> Vec<IpAddr> {
        let outside = self.addresses.iter().filter(|address| !address.is_loopback());
        let (v4, v6): (Vec<_>, Vec<_>) = outside.copied().partition(IpAddr::is_ipv4);
        let is_global = |address: &IpAddr| matches!(address, IpAddr::V6(v6) if !v6.is_unicast_link_local());
        let mut found = if v4.is_empty() { v6.into_iter().filter(is_global).collect() } else { v4 };
        found.sort_unstable();
        found.dedup();
        found
    }

    /// What to look at where it has none.
    fn way_to_an_address(&self) -> String {
        if self.wifi.is_empty() {
            return "is the network plugged in?".to_owned();
        }
        let name = self.wifi;
        match self.wifi_is {
            "NO_ADAPTER" => "there is no wireless adapter".to_owned(),
            "NETWORK_NOT_FOUND" => {
                format!(
                    "is the wireless network {name:?} in reach, and wifi-ssid its name, letter by letter?"
                )
            }
            "WRONG_KEY" => {
                format!("the wireless network {name:?} has another password: wifi-password is wrong")
            }
            "REFUSED" => format!("the wireless network {name:?} refuses the box"),
            "JOINED" => format!("the wireless network {name:?} is joined, and no DHCP server answers there"),
            _ => format!(
                "is the wireless network {name:?} in reach, and are wifi-ssid (its name, letter by letter) and wifi-password right?"
            ),
        }
    }

    fn faults(&self) -> impl Iterator<Item = String> {
        self.status.faults.iter().filter_map(|fault| match fault {
            Fault::NotRegistered { account, failure } => {
                Some(format!("{account} is not registered: {}", failure.text))
            }
            Fault::NoCard { .. } | Fault::NoLine { .. } | Fault::NoMusic { .. } => Some(fault.to_string()),
            Fault::Mistakes { count: 1, .. } => {
                Some("one mistake in the configuration, see below".to_owned())
            }
            Fault::Mistakes { count, .. } => {
                Some(format!("{count} mistakes in the configuration, see below"))
            }
            // It is started again before anybody could read it.
            Fault::Hangs { .. } => None,
        })
    }
}

impl fmt::Display for Condition<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let on = if self.board.is_empty() { String::new() } else { format!(" on {}", self.board) };
        writeln!(f, "PagingBox {}{on}", self.status.version)?;
        let reachable = self.reachable();
        let is_reachable = !reachable.is_empty();
        if !is_reachable {
            writeln!(f, "FAULT: it has no address: {}", self.way_to_an_address())?;
        }
        for address in reachable {
            let host = if address.is_ipv6() { format!("[{address}]") } else { address.to_string() };
            writeln!(f, "Address: {address}, to be called at sip:{host}")?;
        }
        self.faults().try_for_each(|fault| writeln!(f, "FAULT: {fault}"))?;
        if is_reachable && self.status.faults.is_empty() {
            writeln!(f, "All is well.")?;
        }
        writeln!(f, "\nTelephone")?;
        if self.status.accounts.is_empty() {
            writeln!(f, "  no account; the box takes direct calls")?;
        }
        self.status.accounts.iter().try_for_each(|account| writeln!(f, "  {}", Told(account)))?;
        writeln!(f, "\nLoudspeakers")?;
        self.status.sinks.iter().try_for_each(|sink| writeln!(f, "  {}", Told(sink)))?;
        writeln!(f, "\nConfiguration")?;
        if self.status.mistakes.is_empty() {
            writeln!(f, "  no mistake")?;
        }
        self.status.mistakes.iter().try_for_each(|mistake: &Mistake| writeln!(f, "  {mistake}"))?;
        write!(f, "\n{HELP}")
    }
}

/// One of its parts, in a line.
struct Told<'a, T>(&'a T);

impl fmt::Display for Told<'_, Account> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Account { address, state, failure, .. } = self.0;
        match (state, failure) {
            (AccountState::Registered, _) => write!(f, "{address}: registered"),
            (AccountState::Off, _) => write!(f, "{address}: does not register ([sip] register = no)"),
            (AccountState::Failed | AccountState::Registering, Some(failure)) => {
                write!(f, "{address}: not registered: {}", failure.text)
            }
            (AccountState::Failed | AccountState::Registering, None) => {
                write!(f, "{address}: not registered")
            }
        }
    }
}

impl fmt::Display for Told<'_, Sink> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Sink { device, zones, card, fault, .. } = self.0;
        match (card, fault) {
            (Some(card), _) => {
                let name = if card.name == *device { "" } else { &format!("{}, ", card.name) };
                write!(f, "{device}: {name}{}, {} channels, {} Hz", card.kind, card.channels, card.rate_hz)?;
            }
            (None, Some(fault)) => write!(f, "{device}: none; {fault}")?,
            (None, None) => write!(f, "{device}: none")?,
        }
        let is_everywhere = matches!(zones.as_slice(), [zone] if zone == "all");
        if is_everywhere { Ok(()) } else { write!(f, "; zones {}", zones.join(", ")) }
    }
}

const HELP: &str = "\
What begins with FAULT is to be put right. The settings are in paging.conf on this
card; a mistake is named with the number of its line. all-settings.txt explains each
setting. Put the card back into the box and give it power: this file is written again
when something has changed.";
