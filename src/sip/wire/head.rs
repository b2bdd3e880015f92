//! The header lines of a message as they are read: lists at once, what must be there once at the end.

use core::mem;

use super::content_type::ContentType;
use super::cseq::CSeq;
use super::error::SyntaxError;
use super::frame::{Fault, Line, Lines};
use super::header_name::{HeaderName, rsip_header};
use super::headers::{Contacts, Headers};
use super::message::MAX_HEADERS;
use super::method::Method;
use super::name_addr::NameAddr;
use super::reply::Reply;
use super::scan::{Scan, is_token, is_visible};
use super::status::StatusCode;
use super::via::Via;

/// Header lines, sorted. After a fault it goes on collecting, for the sender is owed an answer.
#[derive(Default)]
pub(super) struct Head<'a> {
    fault: Option<Fault>,
    via: Vec<Via>,
    from: Option<Line<'a>>,
    to: Option<Line<'a>>,
    call_id: Option<Line<'a>>,
    cseq: Option<Line<'a>>,
    max_forwards: Option<Line<'a>>,
    content_type: Option<Line<'a>>,
    content_length: Option<Line<'a>>,
    routes: Vec<NameAddr>,
    record_routes: Vec<NameAddr>,
    contacts: Contacts,
    other: Vec<rsip::Header>,
    end: usize,
}

impl<'a> Head<'a> {
    /// Reads all header lines.
    pub(super) fn read(lines: &mut Lines<'a>) -> Self {
        let mut head = Self::default();
        for _ in 0..MAX_HEADERS {
            let Some(line) = lines.next() else { break };
            let read = line.and_then(Line::into_header).and_then(|(line, colon)| head.sort(line, colon));
            head.note(read);
        }
        head.end = lines.position();
        if !lines.is_complete() && lines.next().is_some() {
            head.note(Err(head.too_many()));
        } else if !lines.is_complete() {
            head.note(Err(Fault::new(head.end, "an empty line after the headers")));
        }
        head
    }

    /// Whether all lines are sound, there is a Via, and there are not too many headers.
    pub(super) fn check(&self) -> Result<(), Fault> {
        match self.fault {
            Some(fault) => Err(fault),
            None if self.via.is_empty() => Err(Fault::new(self.end, "a Via header")),
            None if self.count() > MAX_HEADERS => Err(self.too_many()),
            None => Ok(()),
        }
    }

    /// The headers of a message, complete and typed; `method` is that of a request. Leaves what [`Head::reply`] needs if there is a fault.
    pub(super) fn take_headers(&mut self, method: Option<&Method>) -> Result<Headers, Fault> {
        let from = self.need(self.from.as_ref(), "a From header")?.read(NameAddr::scan_single)?;
        let to = self.need(self.to.as_ref(), "a To header")?.read(NameAddr::scan_single)?;
        let call_id = self.need(self.call_id.as_ref(), "a Call-ID header")?.read(scan_call_id)?;
        let cseq = read_cseq(self.need(self.cseq.as_ref(), "a CSeq header")?, method)?;
        let max_forwards = read_optional(self.max_forwards.as_ref(), |scan| scan.number("at most 255 hops"))?;
        let content_type = read_optional(self.content_type.as_ref(), ContentType::scan)?;
        Ok(Headers {
            via: mem::take(&mut self.via),
            from,
            to,
            call_id,
            cseq,
            max_forwards,
            routes: mem::take(&mut self.routes),
            record_routes: mem::take(&mut self.record_routes),
            contacts: mem::take(&mut self.contacts),
            content_type,
            other: mem::take(&mut self.other).into(),
        })
    }

    /// The part of `rest` that is the body; without a Content-Length it is all of it (RFC 3261 §18.3).
    pub(super) fn body<'b>(&self, rest: &'b [u8]) -> Result<&'b [u8], Fault> {
        let Some(line) = &self.content_length else { return Ok(rest) };
        let len: usize = line.read(|scan| scan.number("the length of the body in bytes"))?;
        let error = SyntaxError { position: 0, expected: "a length that is not larger than the body" };
        rest.get(..len).ok_or_else(|| line.fault(error))
    }

    /// The answer `status`, if its sender would know it: by Via and `CSeq` (RFC 3261 §17.1.3). What else is missing is
    /// missing in the answer (RFC 4475 §3.3.1). An ACK has none (RFC 3261 §17.1.1.3).
    pub(super) fn reply(self, status: StatusCode) -> Option<Box<Reply>> {
        let text = |line: Option<Line<'_>>| line.map(|line| line.value().to_owned());
        let cseq = text(self.cseq)?;
        let is_answered = !self.via.is_empty() && !cseq.ends_with(Method::ACK.as_str());
        let (from, to, call_id) = (text(self.from), text(self.to), text(self.call_id));
        is_answered.then(|| Box::new(Reply { status, via: self.via, from, to, call_id, cseq }))
    }

    fn sort(&mut self, line: Line<'a>, colon: usize) -> Result<(), Fault> {
        let name = line.name(colon);
        match HeaderName::of(name) {
            HeaderName::Via => self.read_via(&line),
            HeaderName::Route => read_list(&line, &mut self.routes, NameAddr::scan),
            HeaderName::RecordRoute => read_list(&line, &mut self.record_routes, NameAddr::scan),
            HeaderName::Contact => self.read_contact(&line),
            HeaderName::From => once(&mut self.from, line),
            HeaderName::To => once(&mut self.to, line),
            HeaderName::CallId => once(&mut self.call_id, line),
            HeaderName::CSeq => once(&mut self.cseq, line),
            HeaderName::MaxForwards => once(&mut self.max_forwards, line),
            HeaderName::ContentType => once(&mut self.content_type, line),
            HeaderName::ContentLength => once(&mut self.content_length, line),
            HeaderName::Other if is_token(name) => {
                self.other.push(rsip_header(name, line.value().to_owned()));
                Ok(())
            }
            HeaderName::Other => Err(line.fault_at_start("a token as the name of a header")),
        }
    }

    /// Of a top Via that cannot be read, what can be is kept: the sender is owed an answer (RFC 4475 §3.1.2.1).
    fn read_via(&mut self, line: &Line<'_>) -> Result<(), Fault> {
        let read = read_list(line, &mut self.via, Via::scan);
        if read.is_err() && self.via.is_empty() {
            self.via.extend(Via::salvage(line.value()));
        }
        read
    }

    fn read_contact(&mut self, line: &Line<'_>) -> Result<(), Fault> {
        let is_star = line.value() == "*";
        match &mut self.contacts {
            Contacts::List(list) if is_star && list.is_empty() => {
                self.contacts = Contacts::Star;
                Ok(())
            }
            Contacts::List(list) if !is_star => read_list(line, list, NameAddr::scan),
            _ => Err(line.fault(SyntaxError { position: 0, expected: "no contact besides a star" })),
        }
    }

    fn note(&mut self, read: Result<(), Fault>) {
        self.fault = self.fault.or(read.err());
    }

    fn need<'b>(&self, line: Option<&'b Line<'a>>, expected: &'static str) -> Result<&'b Line<'a>, Fault> {
        line.ok_or(Fault::new(self.end, expected))
    }

    /// How many lines this is when it is written.
    fn count(&self) -> usize {
        let lists = [self.via.len(), self.routes.len(), self.record_routes.len(), self.other.len()];
        let contacts = self.contacts.list().len().max(1);
        lists.iter().sum::<usize>() + contacts + SINGLE_HEADERS
    }

    fn too_many(&self) -> Fault {
        Fault { status: StatusCode::REQUEST_ENTITY_TOO_LARGE, ..Fault::new(self.end, "fewer headers") }
    }
}

fn once<'a>(slot: &mut Option<Line<'a>>, line: Line<'a>) -> Result<(), Fault> {
    if slot.is_some() {
        return Err(line.fault_at_start("this header only once"));
    }
    *slot = Some(line);
    Ok(())
}

fn read_list<T>(
    line: &Line<'_>,
    list: &mut Vec<T>,
    read: impl Fn(&mut Scan<'_>) -> Result<T, SyntaxError>,
) -> Result<(), Fault> {
    line.read(|scan| scan.list(list, read))
}

fn read_optional<T>(
    line: Option<&Line<'_>>,
    read: impl FnOnce(&mut Scan<'_>) -> Result<T, SyntaxError>,
) -> Result<Option<T>, Fault> {
    line.map(|line| line.read(read)).transpose()
}

/// The `CSeq` of a request names its `method` (RFC 3261 §8.1.1.5). A method that nobody knows is the greater fault
/// (RFC 4475 §3.1.2.18).
fn read_cseq(line: &Line<'_>, method: Option<&Method>) -> Result<CSeq, Fault> {
    let cseq = line.read(CSeq::scan)?;
    let Some(method) = method.filter(|method| **method != cseq.method) else { return Ok(cseq) };
    let error = SyntaxError { position: 0, expected: "a CSeq with the method of the request" };
    let status = if method.is_known() { StatusCode::BAD_REQUEST } else { StatusCode::NOT_IMPLEMENTED };
    Err(Fault { status, ..line.fault(error) })
}

/// More is accepted than `word ["@" word]` (RFC 3261 §25.1): it is only ever compared and copied.
fn scan_call_id(scan: &mut Scan<'_>) -> Result<String, SyntaxError> {
    let call_id = scan.take_while(is_visible);
    if call_id.is_empty() { Err(scan.expected("a Call-ID without spaces")) } else { Ok(call_id.to_owned()) }
}

/// From, To, Call-ID, `CSeq`, Max-Forwards, Content-Type, Content-Length.
const SINGLE_HEADERS: usize = 7;
