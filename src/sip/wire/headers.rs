//! The headers of a message: the ones every message needs, typed, and the rest.

use super::content_type::ContentType;
use super::cseq::CSeq;
use super::header_name::{parts, rsip_header};
use super::name_addr::NameAddr;
use super::via::Via;

/// The headers of a message. Content-Length is not among them: it is the length of the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headers {
    /// The way the request came, top first. Never empty in what was read, and what is written must have one.
    pub via: Vec<Via>,
    /// Who asks.
    pub from: NameAddr,
    /// Who was asked.
    pub to: NameAddr,
    /// The Call-ID.
    pub call_id: String,
    /// The number and method of the request.
    pub cseq: CSeq,
    /// How many hops are left.
    pub max_forwards: Option<u8>,
    /// The proxies this request still has to pass, next first.
    pub routes: Vec<NameAddr>,
    /// The proxies that want to stay on the way, last passed first.
    pub record_routes: Vec<NameAddr>,
    /// Where the sender can be reached.
    pub contacts: Contacts,
    /// What the body is.
    pub content_type: Option<ContentType>,
    /// Everything else, in order, with full names.
    pub other: rsip::Headers,
}

/// The values of all Contact headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contacts {
    /// `Contact: *`, all of them; only a REGISTER says so (RFC 3261 §10.2.2).
    Star,
    /// These; none if there is no such header.
    List(Vec<NameAddr>),
}

impl Headers {
    /// The headers no message can be without.
    #[must_use]
    pub fn new(via: Via, from: NameAddr, to: NameAddr, call_id: &str, cseq: CSeq) -> Self {
        Self::from_essentials(vec![via], from, to, call_id.to_owned(), cseq)
    }

    pub(in crate::sip) fn from_essentials(
        via: Vec<Via>,
        from: NameAddr,
        to: NameAddr,
        call_id: String,
        cseq: CSeq,
    ) -> Self {
        Self {
            via,
            from,
            to,
            call_id,
            cseq,
            max_forwards: None,
            routes: Vec::new(),
            record_routes: Vec::new(),
            contacts: Contacts::default(),
            content_type: None,
            other: rsip::Headers::default(),
        }
    }

    /// Adds `name: value` to [`Headers::other`].
    pub fn push(&mut self, name: &str, value: &str) {
        self.other.push(rsip_header(name, value.to_owned()));
    }

    /// Takes all headers among [`Headers::other`] that are called `name` away.
    pub fn remove(&mut self, name: &str) {
        self.other.retain(|header| !parts(header).0.eq_ignore_ascii_case(name));
    }

    /// The top Via; `None` only in a message that was built without one.
    #[must_use]
    pub fn top_via(&self) -> Option<&Via> {
        self.via.first()
    }

    /// The value of the first header among [`Headers::other`] that is called `name` (its full name; case does not
    /// matter).
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.get_all(name).next()
    }

    /// The values of all headers among [`Headers::other`] that are called `name`.
    pub fn get_all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.other
            .iter()
            .map(parts)
            .filter(move |(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// The elements of the comma-separated lists in all headers among [`Headers::other`] that are called `name`, such
    /// as the option tags of Require. For lists of tokens: a comma within quotes splits too.
    pub fn tokens<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.get_all(name).flat_map(|value| value.split(',')).map(str::trim).filter(|token| !token.is_empty())
    }
}

impl Contacts {
    /// One contact.
    #[must_use]
    pub fn one(contact: NameAddr) -> Self {
        Self::List(vec![contact])
    }

    /// The first contact, the one a dialog is routed to.
    #[must_use]
    pub fn first(&self) -> Option<&NameAddr> {
        self.list().first()
    }

    /// The contacts; none for [`Contacts::Star`].
    #[must_use]
    pub fn list(&self) -> &[NameAddr] {
        match self {
            Self::Star => &[],
            Self::List(list) => list,
        }
    }
}

impl Default for Contacts {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}
