//! Streams by HTTP, with TLS or without, for threads that may wait. Who a server is, is proved to the authorities that
//! browsers trust too (`webpki-roots`).

use core::fmt;
use core::time::Duration;
use std::io::{self, Read};

use ureq::{Agent, Error, ResponseExt, Timeout};

/// What a server sends, as it comes. Reading waits, and fails when nothing has come for [`STALLED`].
pub struct HttpStream {
    url: String,
    body: ureq::BodyReader<'static>,
}

impl HttpStream {
    /// Asks for what is at `url`, as a player that wants sound and no titles in between. It follows up to five
    /// redirections.
    ///
    /// # Errors
    ///
    /// See [`HttpError`]. It waits for up to [`STALLED`] for each step.
    pub fn open(url: &str, user_agent: &str) -> Result<Self, HttpError> {
        let config = Agent::config_builder()
            .timeout_resolve(Some(STALLED))
            .timeout_connect(Some(STALLED))
            .timeout_recv_response(Some(STALLED))
            .timeout_per_read(Some(STALLED))
            .timeout_per_write(Some(STALLED))
            .max_redirects(MOST_REDIRECTS)
            .max_idle_connections(0)
            .input_buffer_size(BUFFER)
            .output_buffer_size(BUFFER)
            .user_agent(user_agent)
            .proxy(None)
            .build();
        let response = Agent::new_with_config(config).get(url).call()?;
        let url = response.get_uri().to_string();
        Ok(Self { url, body: response.into_body().into_reader() })
    }

    /// Where it came from in the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Read for HttpStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.body.read(buffer).map_err(|error| {
            let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
            let is_stalled =
                matches!(cause, Some(Error::Timeout(_))) || error.kind() == io::ErrorKind::TimedOut;
            if is_stalled { io::Error::new(io::ErrorKind::TimedOut, Stalled) } else { error }
        })
    }
}

/// Nothing has come for too long.
#[derive(Debug)]
struct Stalled;

impl fmt::Display for Stalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server has sent nothing for {} s", STALLED.as_secs())
    }
}

impl std::error::Error for Stalled {}

/// Why there is no stream.
#[derive(Debug)]
#[non_exhaustive]
pub enum HttpError {
    /// The name of the server is unknown.
    NoSuchHost,
    /// The server cannot be reached, or the connection broke.
    Unreachable(io::Error),
    /// The server does not answer in time.
    NoAnswer,
    /// The server answers with this status.
    Status(u16),
    /// It leads from one place to another, and never to the end.
    TooManyRedirects,
    /// What it says is no HTTP, or the URL is none.
    Protocol(String),
}

impl From<Error> for HttpError {
    fn from(error: Error) -> Self {
        match error {
            Error::StatusCode(status) => Self::Status(status),
            Error::HostNotFound | Error::Timeout(Timeout::Resolve) => Self::NoSuchHost,
            Error::Timeout(_) => Self::NoAnswer,
            Error::TooManyRedirects => Self::TooManyRedirects,
            Error::Io(error) => Self::Unreachable(error),
            other => Self::Protocol(other.to_string()),
        }
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchHost => f.write_str("no such server"),
            Self::Unreachable(error) => write!(f, "the server is not reached: {error}"),
            Self::NoAnswer => f.write_str("the server does not answer"),
            Self::Status(404) => f.write_str("the server has no such stream (404)"),
            Self::Status(status) => write!(f, "the server answers {status}"),
            Self::TooManyRedirects => f.write_str("the server sends us round in circles"),
            Self::Protocol(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for HttpError {}

/// How long nothing may come. A listener hears a stall when what was read ahead is over; a shorter time would take every
/// bad moment of a network for the end of a stream.
pub const STALLED: Duration = Duration::from_secs(5);
/// Servers that list their streams send on to them.
const MOST_REDIRECTS: u32 = 5;
/// Bytes of what a server has sent that are held, and of a request.
const BUFFER: usize = 16 * 1024;
