//! Offers and answers, as traces.

mod answers;
mod offers;
mod properties;
mod reoffers;
mod rfc4317;

use core::time::Duration;

use super::{Description, Format, Local, Negotiated, Refusal, Session};

/// Our end at 192.0.2.1:4000, with G.711, A-law first.
fn local() -> Local {
    Local {
        address: "192.0.2.1".parse().unwrap(),
        port: 4000,
        formats: vec![Format::new(8, "PCMA", 8000), Format::new(0, "PCMU", 8000)],
        ptime: Duration::from_millis(20),
        session_id: 7,
    }
}

/// Our end with these codecs.
fn with_codecs(names: &[&str]) -> Local {
    Local { formats: names.iter().flat_map(|name| Format::all_named(name)).collect(), ..local() }
}

/// The first answer to a description of these lines.
fn answered(lines: &str) -> Result<(Description, Negotiated), Refusal> {
    Session::new(local()).answer(&parse(lines))
}

fn parse(lines: &str) -> Description {
    Description::parse(format!("v=0\n{lines}").as_bytes()).unwrap()
}

fn text(description: &Description) -> String {
    String::from_utf8(description.to_bytes()).unwrap().replace("\r\n", "\n")
}

fn ports(description: &Description) -> Vec<u16> {
    description.media.iter().map(|media| media.port).collect()
}

fn version(description: &Description) -> u64 {
    description.origin.version
}
