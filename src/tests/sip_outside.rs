//! What peers beyond a router are told of where the box is, as traces: calls both ways, and registrations.

use super::sip_trace::{ANSWER, OFFER, Trace, header, invite, reply, with_body, within};
use crate::allow::Network;
use crate::sip::digest::Identity;
use crate::sip::registration::{Account, Server};
use crate::sip::wire::{StatusCode, Uri};
use crate::sip::{EndpointConfig, Invite, Outside, Path, Warning};
use core::time::Duration;

const MINUTE: Duration = Duration::from_mins(1);
const EXTERNAL: &str = "203.0.113.7:5070";

/// The box at 192.0.2.1, which is known as [`EXTERNAL`] to whoever is not in the networks `attached`.
fn trace(attached: &[&str]) -> Trace {
    let mut trace =
        Trace::with(EndpointConfig { session_timer: Some(2 * MINUTE), ..EndpointConfig::new("box") });
    trace.path = outside(attached).seen(trace.path);
    trace
}

fn outside(attached: &[&str]) -> Outside {
    let mut outside = Outside::new(Some(("203.0.113.7".parse().unwrap(), Some(5070))));
    outside.set_attached(attached.iter().map(|text| Network::from_text(text).unwrap()).collect());
    outside
}

#[test]
fn a_caller_from_outside_is_told_the_address_outside_in_all_that_a_call_says() {
    let mut trace = trace(&[]);
    trace.receive(invite());
    let call = trace.incoming();
    trace.endpoint.ring(trace.now, call);
    trace.endpoint.answer(trace.now, call, ANSWER.into());
    let [ringing, ok] = [(); 2].map(|()| trace.response());
    for response in [&ringing, &ok] {
        assert_eq!(response.headers.contacts.first().unwrap().uri.to_string(), format!("sip:box@{EXTERNAL}"));
    }
    let tag = ok.headers.to.tag().unwrap().to_owned();
    trace.receive(within("ACK", 1, &tag));
    trace.receive(with_body(&within("INVITE", 2, &tag), "application/sdp", OFFER));
    let warning = Warning { code: 305, text: "no".to_owned() };
    trace.endpoint.reject_reoffer(trace.now, call, StatusCode::NOT_ACCEPTABLE_HERE, Some(&warning));
    assert_eq!(header(&trace.response(), "Warning"), format!("305 {EXTERNAL} \"no\""));
    trace.receive(within("ACK", 2, &tag).replace("bK-ACK-2", "bK-INVITE-2"));
    trace.pass(MINUTE);
    let refresh = trace.transmit();
    assert_eq!(
        (refresh.path.local, refresh.path.remote),
        (trace.path.local, trace.path.remote),
        "it goes as ever"
    );
    let text = String::from_utf8(refresh.bytes).unwrap();
    assert!(text.contains(&format!("\r\nVia: SIP/2.0/UDP {EXTERNAL};")), "{text}");
    assert!(text.contains(&format!("\r\nContact: <sip:box@{EXTERNAL}>\r\n")), "{text}");
    assert!(!text.contains("192.0.2.1:5060"), "{text}");
}

#[test]
fn a_caller_from_a_network_of_the_box_is_told_the_real_address() {
    let mut trace = trace(&["192.0.2.0/24"]);
    trace.receive(invite());
    let call = trace.incoming();
    trace.endpoint.answer(trace.now, call, ANSWER.into());
    let contact = trace.response().headers.contacts.first().unwrap().uri.to_string();
    assert_eq!(contact, "sip:box@192.0.2.1:5060");
}

#[test]
fn a_call_of_ours_comes_from_the_address_outside() {
    let mut trace = trace(&[]);
    let target = "sip:bob@192.0.2.2".parse().unwrap();
    trace.endpoint.invite(trace.now, Invite::new(target, trace.path, OFFER.into()));
    let invite = trace.request();
    let headers = &invite.headers;
    assert_eq!(headers.via[0].sent_by().to_string(), EXTERNAL);
    assert_eq!(headers.from.uri.to_string(), format!("sip:box@{EXTERNAL}"));
    assert_eq!(headers.contacts.first().unwrap().uri.to_string(), format!("sip:box@{EXTERNAL}"));
}

#[test]
fn a_registrar_outside_is_told_the_address_outside_and_the_way_back_is_kept_open() {
    for (attached, contact, is_kept) in
        [(&[][..], "203.0.113.7:5070", true), (&["192.0.2.0/24"], "192.0.2.1:5060", false)]
    {
        let mut trace = trace(attached);
        let Ok(Uri::Sip(address)) = "sip:501@pbx.example".parse() else { panic!() };
        let account =
            trace.endpoint.add_account(Account::new(address, Identity::new("501", "secret").unwrap()));
        let server = Server { host: "pbx".to_owned(), path: trace.path, route: None, target: None };
        trace.endpoint.set_servers(trace.now, account, vec![server]);
        trace.endpoint.register(trace.now, account);
        let register = trace.request();
        assert_eq!(register.headers.via[0].sent_by().to_string(), contact);
        let told = register.headers.contacts.first().unwrap().to_string();
        assert_eq!(told, format!("<sip:501@{contact}>;expires=3600"));
        trace.receive(
            reply(&register, 200, "pbx").replace("<sip:bob@192.0.2.2:5070>", &told.replace("3600", "600")),
        );
        assert!(trace.endpoint.is_registered(trace.now, account));
        // The refresh comes after five minutes at the latest.
        assert_eq!(!trace.moments(2 * MINUTE).is_empty(), is_kept, "{contact}");
    }
}

#[test]
fn over_tcp_it_is_told_as_well() {
    let mut trace = Trace::over_tcp();
    trace.path = outside(&[]).seen(trace.path);
    let (call, _) = trace.confirmed();
    trace.endpoint.hang_up(trace.now, call);
    let bye = trace.transmit();
    assert_eq!(bye.path.flow, Some(trace.path.remote), "by the connection of the call");
    assert!(String::from_utf8(bye.bytes).unwrap().contains(&format!("\r\nVia: SIP/2.0/TCP {EXTERNAL};")));
    let contact = Path { local: trace.path.remote, ..trace.path }.contact("box").to_string();
    assert_eq!(contact, format!("sip:box@{EXTERNAL};transport=tcp"));
}
