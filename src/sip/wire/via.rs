//! Via: the way a request came and the response goes back (RFC 3261 §20.42, RFC 3581).

use core::fmt;
use core::net::{IpAddr, SocketAddr};
use core::str::FromStr;

use super::error::SyntaxError;
use super::host::HostPort;
use super::params::Params;
use super::scan::Scan;

/// `SIP/2.0/UDP host:port;branch=…`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Via {
    /// `None` is `SIP/2.0`.
    protocol: Option<Box<str>>,
    transport: Box<str>,
    sent_by: HostPort,
    params: Params,
}

impl Via {
    /// `SIP/2.0/UDP address:port;rport;branch=branch`. The branch should begin with [`Via::MAGIC_COOKIE`].
    #[must_use]
    pub fn udp(sent_by: SocketAddr, branch: &str) -> Self {
        let mut params = Params::new();
        params.set("rport", None);
        params.set("branch", Some(branch));
        Self { protocol: None, transport: "UDP".into(), sent_by: sent_by.into(), params }
    }

    /// `SIP/2.0/TCP address:port;branch=branch`. Responses come back over the connection, so no `rport` is asked for.
    #[must_use]
    pub fn tcp(sent_by: SocketAddr, branch: &str) -> Self {
        let mut params = Params::new();
        params.set("branch", Some(branch));
        Self { protocol: None, transport: "TCP".into(), sent_by: sent_by.into(), params }
    }

    /// Notes where the request came from, as a server does before anything else: `received` if the sender's address
    /// is not the one it wrote (RFC 3261 §18.2.1), `received` and `rport` if it asked for it (RFC 3581 §4).
    pub fn stamp(&mut self, source: SocketAddr) {
        // Whoever sends the request does not know it: it would send our answer elsewhere.
        self.params.remove("received");
        let wants_rport = self.params.contains("rport");
        if wants_rport || self.sent_by.host.address() != Some(source.ip()) {
            self.params.set("received", Some(&source.ip().to_string()));
        }
        if wants_rport {
            self.params.set("rport", Some(&source.port().to_string()));
        }
    }

    /// The transport as written, such as `UDP`.
    #[must_use]
    pub fn transport(&self) -> &str {
        &self.transport
    }

    /// Where the sender says it is (`sent-by`).
    #[must_use]
    pub const fn sent_by(&self) -> &HostPort {
        &self.sent_by
    }

    /// The branch, which names the transaction if it begins with [`Via::MAGIC_COOKIE`] (RFC 3261 §8.1.1.7).
    #[must_use]
    pub fn branch(&self) -> Option<&str> {
        self.params.get("branch")
    }

    /// The address the request really came from.
    #[must_use]
    pub fn received(&self) -> Option<IpAddr> {
        address_of(self.params.get("received")?)
    }

    /// The port the request really came from; `Some(None)` asks for it (RFC 3581 §3).
    #[must_use]
    pub fn rport(&self) -> Option<Option<u16>> {
        let param = self.params.find("rport")?;
        Some(param.value().and_then(|port| port.parse().ok()))
    }

    /// All parameters.
    #[must_use]
    pub const fn params(&self) -> &Params {
        &self.params
    }

    /// How a branch begins that is unique in space and time (RFC 3261 §8.1.1.7).
    pub const MAGIC_COOKIE: &'static str = "z9hG4bK";

    /// Reads one Via; after it a comma may follow.
    pub(super) fn scan(scan: &mut Scan<'_>) -> Result<Self, SyntaxError> {
        let via = Self::scan_sent_by(scan)?;
        let params_at = scan.clone();
        let params = Params::scan(scan)?;
        check(&params).map_err(|expected| params_at.expected(expected))?;
        Ok(Self { params, ..via })
    }

    /// The first Via of `text`, which cannot be read: as far as that will do to answer its sender.
    pub(super) fn salvage(text: &str) -> Option<Self> {
        let mut scan = Scan::new(text);
        let via = Self::scan_sent_by(&mut scan).ok()?;
        Some(Self { params: Params::salvage(&mut scan), ..via })
    }

    /// Reads a Via up to its parameters.
    fn scan_sent_by(scan: &mut Scan<'_>) -> Result<Self, SyntaxError> {
        let name = scan.token("a protocol such as SIP/2.0/UDP")?;
        slash(scan)?;
        let version = scan.token("the version of the protocol")?;
        slash(scan)?;
        let transport = scan.token("a transport such as UDP")?.into();
        scan.skip_space();
        let sent_by = HostPort::scan(scan, |scan| scan.eat_spaced(b':'))?;
        let is_sip_2 = name == "SIP" && version == "2.0";
        let protocol = (!is_sip_2).then(|| format!("{name}/{version}").into());
        Ok(Self { protocol, transport, sent_by, params: Params::new() })
    }
}

impl FromStr for Via {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        Scan::all(text, Self::scan)
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = self.protocol.as_deref().unwrap_or("SIP/2.0");
        write!(f, "{protocol}/{} {}{}", self.transport, self.sent_by, self.params)
    }
}

fn slash(scan: &mut Scan<'_>) -> Result<(), SyntaxError> {
    if scan.eat_spaced(b'/') { Ok(()) } else { Err(scan.expected("a slash within the protocol")) }
}

/// Refuses parameters that would be acted upon and cannot be read.
fn check(params: &Params) -> Result<(), &'static str> {
    let rport = params.get("rport").filter(|port| !port.is_empty());
    if rport.is_some_and(|port| port.parse::<u16>().is_err()) {
        return Err("an rport from 0 to 65535");
    }
    if params.get("received").is_some_and(|address| address_of(address).is_none()) {
        return Err("an address as received");
    }
    Ok(())
}

/// IPv6 with brackets too: RFC 3261 §25.1 wants none, RFC 5118 §4.5 says to accept both.
fn address_of(text: &str) -> Option<IpAddr> {
    text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn via(text: &str) -> Via {
        text.parse().unwrap()
    }

    #[test]
    fn white_space_may_stand_around_every_separator() {
        let via = via("SIP  / 2.0  / TCP     spindle.example.com : 5070  ; branch  =   z9hG4bK9ikj8 ; rport");
        assert_eq!(via.to_string(), "SIP/2.0/TCP spindle.example.com:5070;branch=z9hG4bK9ikj8;rport");
        assert_eq!(via.branch(), Some("z9hG4bK9ikj8"));
        assert_eq!(via.rport(), Some(None));
    }

    #[test]
    fn the_examples_of_rfc_3261_read_and_print() {
        for text in [
            "SIP/2.0/UDP erlang.bell-telephone.com:5060;branch=z9hG4bK87asdks7",
            "SIP/2.0/UDP 192.0.2.1:5060;received=192.0.2.207;branch=z9hG4bK77asjd",
            "SIP/2.0/UDP first.example.com:4000;ttl=16;maddr=224.2.0.1;branch=z9hG4bKa7c6a8dlze.1",
            "SIP/2.0/UDP [2001:db8::9:1]:5060;received=2001:db8::9:255;branch=z9hG4bKas3-111",
            "SIP/7.0/UDP c.example.com;branch=z9hG4bKkdjuw",
        ] {
            assert_eq!(via(text).to_string(), text);
        }
    }

    #[test]
    fn received_may_have_brackets() {
        let via = via("SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3-111");
        assert_eq!(via.received(), Some("2001:db8::9:255".parse().unwrap()));
    }

    #[test]
    fn the_source_is_noted_where_it_differs_or_is_asked_for() {
        let source: SocketAddr = "192.0.2.1:9988".parse().unwrap();
        let mut same = via("SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1");
        same.stamp(source);
        assert_eq!(same.to_string(), "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1");
        let mut forged = via("SIP/2.0/UDP 192.0.2.1:5060;received=198.51.100.7;branch=z9hG4bK1");
        forged.stamp(source);
        assert_eq!(forged, same);
        let mut other = via("SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK1");
        other.stamp(source);
        assert_eq!(other.to_string(), "SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK1;received=192.0.2.1");
        let mut asking = via("SIP/2.0/UDP 10.1.1.1:4540;rport;branch=z9hG4bKkjshdyff");
        asking.stamp(source);
        let expected = "SIP/2.0/UDP 10.1.1.1:4540;rport=9988;branch=z9hG4bKkjshdyff;received=192.0.2.1";
        assert_eq!(asking.to_string(), expected);
        assert_eq!(asking.rport(), Some(Some(9988)));
    }

    #[test]
    fn our_own_asks_for_rport() {
        let via = Via::udp("[::1]:5060".parse().unwrap(), "z9hG4bKx");
        assert_eq!(via.to_string(), "SIP/2.0/UDP [::1]:5060;rport;branch=z9hG4bKx");
    }

    #[test]
    fn over_tcp_the_connection_is_the_way_back() {
        let via = Via::tcp("[::1]:5060".parse().unwrap(), "z9hG4bKx");
        assert_eq!(via.to_string(), "SIP/2.0/TCP [::1]:5060;branch=z9hG4bKx");
    }

    #[test]
    fn what_cannot_be_answered_is_refused() {
        for text in [
            "",
            "SIP/2.0 host",
            "SIP/2.0/UDP",
            "SIP/2.0/UDP 192.0.2.15;;",
            "SIP/2.0/UDP ::1",
            "SIP/2.0/UDP h:70000",
            "SIP/2.0/UDP h;rport=x",
            "SIP/2.0/UDP h;received=nowhere",
        ] {
            assert!(text.parse::<Via>().is_err(), "{text:?}");
        }
    }
}
