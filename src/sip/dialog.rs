//! Dialogs (RFC 3261 §12): what two user agents remember of each other between requests.
//!
//! A [`Dialog`] knows its three-part name, both sequence numbers, the route set and the remote target, and makes the
//! requests within it. It does not know what the dialog is for (that is the session's business), nor transactions.

use super::path::{Path, Transport, with_scope_of};
use super::tokens::{Domain, Tokens};
use super::wire::{CSeq, Headers, HostPort, Method, NameAddr, Request, Response, SipUri, Uri, Via};
use core::net::{IpAddr, SocketAddr};

/// One dialog, early or confirmed.
#[derive(Clone, Debug)]
pub(crate) struct Dialog {
    call_id: String,
    local: NameAddr,
    remote: NameAddr,
    target: Uri,
    routes: Vec<NameAddr>,
    neighbour: Neighbour,
    local_cseq: u32,
    remote_cseq: Option<u32>,
}

/// Who has brought us the newest target of the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Neighbour {
    /// A proxy, or whoever answered us.
    Other,
    /// The peer itself.
    Peer {
        /// Where it believes to be; `None`: where a name says.
        at: Option<IpAddr>,
        /// The port there, if it wants to be answered at that and not at the one it has sent from (RFC 3581).
        port: Option<u16>,
    },
}

impl Dialog {
    /// The dialog that our answer to `request` with To tag `tag` creates (§12.1.1).
    ///
    /// Without a Contact, which RFC 3261 demands but RFC 2543 did not, the From URI is the remote target.
    pub(crate) fn as_callee(request: &Request, tag: &str) -> Self {
        let headers = &request.headers;
        Self {
            call_id: headers.call_id.clone(),
            local: headers.to.clone().with_tag(tag),
            remote: headers.from.clone(),
            target: target_of(headers).unwrap_or_else(|| as_target(&headers.from.uri)),
            routes: headers.record_routes.clone(),
            neighbour: Neighbour::of(headers),
            local_cseq: 0,
            remote_cseq: Some(headers.cseq.number),
        }
    }

    /// The dialog that `response` creates for our `request` (§12.1.2).
    pub(crate) fn as_caller(request: &Request, response: &Response) -> Self {
        Self {
            call_id: request.headers.call_id.clone(),
            local: request.headers.from.clone(),
            target: target_of(&response.headers).unwrap_or_else(|| request.uri.clone()),
            local_cseq: request.headers.cseq.number,
            ..Self::of_response(response)
        }
    }

    /// The same, from what `response` repeats of our request: Call-ID, From and `CSeq`, and in To of whom it was asked
    /// (§8.2.6.2).
    pub(crate) fn of_response(response: &Response) -> Self {
        let headers = &response.headers;
        Self {
            call_id: headers.call_id.clone(),
            local: headers.from.clone(),
            remote: headers.to.clone(),
            target: target_of(headers).unwrap_or_else(|| as_target(&headers.to.uri)),
            routes: headers.record_routes.iter().rev().cloned().collect(),
            neighbour: Neighbour::Other,
            local_cseq: headers.cseq.number,
            remote_cseq: None,
        }
    }

    /// Its name.
    pub(crate) fn key(&self, tokens: &Tokens) -> DialogKey {
        DialogKey::new(&self.call_id, self.local.tag(), self.remote.tag(), tokens)
    }

    /// Takes the sequence number of a request; `Err` if it is lower than one before (§12.2.2).
    pub(crate) fn accept_cseq(&mut self, number: u32) -> Result<(), OutOfOrder> {
        if self.remote_cseq.is_some_and(|newest| number < newest) {
            return Err(OutOfOrder);
        }
        self.remote_cseq = Some(number);
        Ok(())
    }

    /// Takes the remote target of a target refresh request (§12.2.2).
    pub(crate) fn refresh(&mut self, request: &Headers) {
        self.neighbour = Neighbour::of(request);
        self.refresh_target(request);
    }

    /// Takes the remote target of the 2xx to a target refresh request of ours (§12.2.1.2).
    pub(crate) fn refresh_target(&mut self, headers: &Headers) {
        if let Some(target) = target_of(headers) {
            self.target = target;
        }
    }

    /// A new request within the dialog (§12.2.1.1).
    pub(crate) fn request(&mut self, method: Method, via: Via) -> Request {
        self.local_cseq = self.local_cseq.saturating_add(1);
        self.with_cseq(CSeq::new(self.local_cseq, method), via)
    }

    /// The ACK of our INVITE (§13.2.2.4).
    pub(crate) fn ack(&self, via: Via) -> Request {
        self.with_cseq(CSeq::new(self.local_cseq, Method::ACK), via)
    }

    /// Where requests of the dialog go: the address of the first route, else of the remote target. What is a name
    /// goes the way of `path`, for this box resolves no names within a dialog; so does what `path.local` cannot reach, and
    /// what wants a transport that this box does not have. A URI that names no transport keeps that of `path`: who calls
    /// over TCP and forgets to say so listens there, or nowhere.
    ///
    /// The connection of `path` goes on to be used as long as it stands, if the peer itself is at its other end, or the
    /// next hop is on the same machine: few who call over TCP can be called. Over UDP a peer behind NAT is reached where its
    /// requests come from: one whose Via and Contact name the same address, which is another than that.
    pub(crate) fn next_hop(&self, path: Path) -> Path {
        let next = self.routes.first().map_or(&self.target, |route| &route.uri);
        let Some((remote, transport)) =
            next.sip().and_then(|uri| Some((address(uri)?, transport(uri, path)?)))
        else {
            return path;
        };
        let remote = with_scope_of(remote, path.remote);
        if remote.is_ipv4() != path.local.is_ipv4() {
            return path;
        }
        // `path` may be one that came of this.
        let here = path.flow.unwrap_or(path.remote);
        let is_same_machine = remote.ip() == here.ip();
        // Who wants to be passed is passed.
        let neighbour = if self.routes.is_empty() { self.neighbour } else { Neighbour::Other };
        match (path.transport, transport, neighbour) {
            (Transport::Tcp, Transport::Tcp, Neighbour::Peer { .. }) => {
                Path { remote, flow: Some(here), ..path }
            }
            (Transport::Tcp, Transport::Tcp, Neighbour::Other) => {
                Path { remote, flow: is_same_machine.then_some(here), ..path }
            }
            (Transport::Udp, Transport::Udp, Neighbour::Peer { at: Some(ip), port })
                if ip == remote.ip() && !is_same_machine =>
            {
                let source = SocketAddr::new(path.remote.ip(), port.unwrap_or_else(|| path.remote.port()));
                Path { remote: with_scope_of(source, path.remote), ..path }
            }
            _ => Path { transport, remote, flow: None, ..path },
        }
    }

    fn with_cseq(&self, cseq: CSeq, via: Via) -> Request {
        let (uri, routes) = self.route();
        let mut headers = Headers::new(via, self.local.clone(), self.remote.clone(), &self.call_id, cseq);
        headers.routes = routes;
        Request::new(uri, headers)
    }

    /// The Request-URI and the Route headers; a first route without `lr` is a strict router (§12.2.1.1).
    fn route(&self) -> (Uri, Vec<NameAddr>) {
        let Some((first, rest)) = self.routes.split_first() else {
            return (self.target.clone(), Vec::new());
        };
        if first.uri.sip().is_some_and(SipUri::is_loose) {
            return (self.target.clone(), self.routes.clone());
        }
        let last = NameAddr::new(self.target.clone());
        (as_target(&first.uri), rest.iter().cloned().chain([last]).collect())
    }
}

impl Neighbour {
    /// Who has sent this request to us. A peer of whom a proxy has kept a route is behind that proxy.
    fn of(request: &Headers) -> Self {
        match request.via.as_slice() {
            [via] if request.record_routes.is_empty() => {
                let sent_by = via.sent_by();
                let port = via.rport().is_none().then(|| sent_by.port.unwrap_or(DEFAULT_PORT));
                // A port of zero reaches nobody.
                let port = port.filter(|&port| port != 0);
                Self::Peer { at: sent_by.host.address(), port }
            }
            _ => Self::Other,
        }
    }
}

/// Names a dialog: a digest of Call-ID, local tag and remote tag. A missing tag is an empty one (§12.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct DialogKey(u64);

impl DialogKey {
    /// The name of the dialog with these three.
    pub(crate) fn new(call_id: &str, local: Option<&str>, remote: Option<&str>, tokens: &Tokens) -> Self {
        let name = (call_id, local.unwrap_or_default(), remote.unwrap_or_default());
        Self(tokens.digest(&(Domain::Dialog, name)))
    }

    /// The dialog that `request` says it belongs to; `None` if it says none.
    pub(crate) fn of(request: &Request, tokens: &Tokens) -> Option<Self> {
        let headers = &request.headers;
        let local = headers.to.tag()?;
        Some(Self::new(&headers.call_id, Some(local), headers.from.tag(), tokens))
    }
}

/// A request came with a lower sequence number than one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutOfOrder;

/// The remote target that a message names.
fn target_of(headers: &Headers) -> Option<Uri> {
    headers.contacts.first().map(|contact| as_target(&contact.uri))
}

/// `uri` as it may stand in a request line: without headers (§19.1.1).
pub(crate) fn as_target(uri: &Uri) -> Uri {
    match uri {
        Uri::Sip(uri) => uri.clone().without_headers().into(),
        Uri::Tel(_) | Uri::Absolute(_) => uri.clone(),
    }
}

/// The address a SIP URI names without being resolved.
pub(crate) fn address(uri: &SipUri) -> Option<SocketAddr> {
    let HostPort { host, port } = uri.host_port();
    let ip = host.address().filter(|ip| !ip.is_unspecified() && !ip.is_multicast())?;
    let port = port.unwrap_or(DEFAULT_PORT);
    (port != 0).then(|| SocketAddr::new(ip, port))
}

/// The transport of a SIP URI, that of `path` if it names none.
pub(crate) fn transport(uri: &SipUri, path: Path) -> Option<Transport> {
    match uri.params().get("transport") {
        _ if uri.is_secure() => None,
        Some(name) => Transport::of(name),
        None => Some(path.transport),
    }
}

/// The port of SIP over UDP and TCP (§19.1.2).
pub(crate) const DEFAULT_PORT: u16 = 5060;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::wire::Message;

    /// The dialog of a request with this Contact, which the peer has sent itself.
    fn dialog(contact: &str) -> Dialog {
        dialog_by("192.0.2.2;branch=z9hG4bK1", contact)
    }

    /// The same with this Via.
    fn dialog_by(via: &str, contact: &str) -> Dialog {
        Dialog::as_callee(&request_by(via, contact), "b")
    }

    fn request_by(via: &str, contact: &str) -> Request {
        let text = format!(
            "INVITE sip:box@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP {via}\r\n\
             From: <sip:alice@192.0.2.2>;tag=a\r\nTo: <sip:box@192.0.2.1>\r\nCall-ID: 1\r\nCSeq: 7 INVITE\r\n\
             {contact}\r\n"
        );
        match Message::parse(text.as_bytes()).unwrap() {
            Message::Request(request) => request,
            Message::Response(_) => panic!("a request was written"),
        }
    }

    fn next_hop(contact: &str) -> String {
        let path = Path::udp("192.0.2.1:5060".parse().unwrap(), "192.0.2.2:5060".parse().unwrap());
        dialog(contact).next_hop(path).remote.to_string()
    }

    #[test]
    fn requests_go_to_the_address_in_the_contact() {
        assert_eq!(next_hop("Contact: <sip:alice@192.0.2.7:5070>\r\n"), "192.0.2.7:5070");
        assert_eq!(next_hop("Contact: <sip:alice@192.0.2.7>\r\n"), "192.0.2.7:5060");
    }

    #[test]
    fn what_cannot_be_reached_goes_where_the_invite_came_from() {
        for contact in ["pbx.example", "[2001:db8::1]", "0.0.0.0", "239.0.0.1", "192.0.2.7:0"] {
            assert_eq!(next_hop(&format!("Contact: <sip:{contact}>\r\n")), "192.0.2.2:5060", "{contact}");
        }
        assert_eq!(next_hop(""), "192.0.2.2:5060");
    }

    #[test]
    fn a_contact_may_name_its_transport() {
        let (local, remote) = ("192.0.2.1:5060".parse().unwrap(), "192.0.2.2:40000".parse().unwrap());
        let hop = |path, uri: &str| {
            let hop = dialog(&format!("Contact: <sip:alice@{uri}>\r\n")).next_hop(path);
            (hop.transport.name(), hop.remote.port(), hop.flow.map(|flow| flow.port()))
        };
        let (udp, tcp) = (Path::udp(local, remote), Path::tcp(local, remote));
        assert_eq!(hop(udp, "192.0.2.2:5070"), ("UDP", 5070, None));
        assert_eq!(hop(udp, "192.0.2.2:5070;transport=TCP"), ("TCP", 5070, None));
        assert_eq!(hop(tcp, "192.0.2.2:5070;transport=udp"), ("UDP", 5070, None));
        assert_eq!(hop(tcp, "192.0.2.2:5070;transport=tcp"), ("TCP", 5070, Some(40000)));
        assert_eq!(hop(tcp, "192.0.2.2:5070"), ("TCP", 5070, Some(40000)), "as the call");
        for other in ["192.0.2.2:5070;transport=ws", "pbx.example;transport=udp"] {
            assert_eq!(hop(tcp, other), ("TCP", 40000, None), "{other}");
        }
    }

    #[test]
    fn a_peer_that_has_connected_itself_is_reached_by_its_connection_wherever_it_says_that_it_is() {
        let path = Path::tcp("192.0.2.1:5060".parse().unwrap(), "192.0.2.2:40000".parse().unwrap());
        let contact = "Contact: <sip:alice@10.0.0.7:5070>\r\n";
        let hop = |dialog: Dialog| {
            let hop = dialog.next_hop(path);
            (hop.remote.to_string(), hop.flow.map(|flow| flow.port()))
        };
        let there = "10.0.0.7:5070".to_owned();
        assert_eq!(hop(dialog(contact)), (there.clone(), Some(40000)));
        let proxied = "192.0.2.2;branch=z9hG4bK1, SIP/2.0/TCP 10.0.0.7;branch=z9hG4bK2";
        assert_eq!(hop(dialog_by(proxied, contact)), (there.clone(), None), "a proxy that is not on the way");
        let routed = format!("Record-Route: <sip:192.0.2.9;lr>\r\n{contact}");
        assert_eq!(hop(dialog(&routed)), ("192.0.2.9:5060".to_owned(), None), "a proxy that is elsewhere");
        let mut moved = dialog_by(proxied, contact);
        moved.refresh(&request_by("10.0.0.7;branch=z9hG4bK3", contact).headers);
        assert_eq!(hop(moved), (there, Some(40000)), "a peer that comes by itself now");
    }

    #[test]
    fn over_udp_a_peer_behind_nat_is_reached_where_it_comes_from() {
        let path = Path::udp("192.0.2.1:5060".parse().unwrap(), "192.0.2.2:40000".parse().unwrap());
        let contact = "Contact: <sip:alice@10.0.0.7:5070>\r\n";
        let hop = |via: &str, contact: &str| dialog_by(via, contact).next_hop(path).remote.to_string();
        assert_eq!(hop("10.0.0.7:5070;branch=z9hG4bK1;rport", contact), "192.0.2.2:40000");
        assert_eq!(hop("10.0.0.7:5070;branch=z9hG4bK1", contact), "192.0.2.2:5070", "as it is answered");
        assert_eq!(hop("10.0.0.7:0;branch=z9hG4bK1", contact), "192.0.2.2:40000");
        let proxied = "192.0.2.2;branch=z9hG4bK1, SIP/2.0/UDP 10.0.0.7;branch=z9hG4bK2";
        for via in ["10.0.0.8;branch=z9hG4bK1", "alice.example;branch=z9hG4bK1", proxied] {
            assert_eq!(hop(via, contact), "10.0.0.7:5070", "{via}");
        }
        let over_tcp = "Contact: <sip:alice@10.0.0.7:5070;transport=tcp>\r\n";
        assert_eq!(hop("10.0.0.7;branch=z9hG4bK1", over_tcp), "10.0.0.7:5070", "it says how");
        let here = "Contact: <sip:alice@192.0.2.2:5070>\r\n";
        assert_eq!(hop("192.0.2.2;branch=z9hG4bK1", here), "192.0.2.2:5070", "no NAT");
    }

    #[test]
    fn a_link_local_contact_is_on_the_link_of_the_call() {
        let on_link = |ip: &str| std::net::SocketAddrV6::new(ip.parse().unwrap(), 5060, 0, 2).into();
        let path = Path::udp(on_link("fe80::1"), on_link("fe80::2"));
        let dialog = dialog("Contact: <sip:alice@[fe80::7]>\r\n");
        assert_eq!(dialog.next_hop(path).remote, on_link("fe80::7"));
    }

    #[test]
    fn headers_within_a_contact_are_no_part_of_the_request_line() {
        let via = Via::udp("192.0.2.1:5060".parse().unwrap(), "z9hG4bK1");
        let mut dialog = dialog("Contact: <sip:alice@192.0.2.7;a=b?subject=x>\r\n");
        let bye = dialog.request(Method::BYE, via);
        assert_eq!(bye.uri.to_string(), "sip:alice@192.0.2.7;a=b");
    }

    #[test]
    fn a_sequence_number_never_goes_back() {
        let mut dialog = dialog("");
        assert_eq!(dialog.accept_cseq(6), Err(OutOfOrder));
        assert_eq!(dialog.accept_cseq(9), Ok(()));
        assert_eq!(dialog.accept_cseq(8), Err(OutOfOrder));
    }
}
