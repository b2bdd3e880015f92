//! What the signalling task waits for: datagrams of all SIP sockets, a deadline, the signal to stop.
//!
//! One small task per socket reads into a bounded channel; when the channel is full the socket is left alone, and what
//! the kernel's buffer does not hold is lost, as UDP may. So a flood costs memory for [`DEPTH`] datagrams and no more.

use crate::clock;
use crate::net::Udp;
use crate::sip::Path;
use crate::time::Instant;
use async_signal::{Signal, Signals};
use smol::channel::{Receiver, Sender, TryRecvError, bounded};
use smol::stream::StreamExt;
use smol::{LocalExecutor, Task, Timer, future};
use std::io;
use std::rc::Rc;

/// The inputs of the signalling task, in the order of their arrival.
pub(super) struct Inbox {
    inputs: Receiver<Input>,
    // Readers end with the inbox.
    _readers: Vec<Task<()>>,
}

/// One input.
pub(super) enum Input {
    /// A SIP socket received this.
    Datagram {
        /// From where to where.
        path: Path,
        /// All of it.
        bytes: Vec<u8>,
    },
    /// The deadline has come.
    Timeout,
    /// The process is asked to end.
    Stop,
}

impl Inbox {
    /// Reads `sockets` and waits for signals by tasks of `executor`.
    ///
    /// # Errors
    /// When the process cannot catch signals.
    pub(super) fn new(executor: &LocalExecutor<'_>, sockets: &[Rc<Udp>]) -> io::Result<Self> {
        let (sender, inputs) = bounded(DEPTH);
        let signals = Signals::new([Signal::Term, Signal::Int])?;
        let mut readers = vec![executor.spawn(catch(signals, sender.clone()))];
        for socket in sockets {
            readers.push(executor.spawn(read(Rc::clone(socket), sender.clone())));
        }
        Ok(Self { inputs, _readers: readers })
    }

    /// The next input, [`Input::Timeout`] when none came until `deadline`.
    pub(super) async fn next(&self, deadline: Option<Instant>) -> Input {
        let input = async { self.inputs.recv().await.unwrap_or(Input::Stop) };
        let Some(deadline) = deadline else { return input.await };
        let timeout = async {
            Timer::after(deadline.since(clock::now())).await;
            Input::Timeout
        };
        future::or(input, timeout).await
    }

    /// An input that is there already.
    pub(super) fn try_next(&self) -> Option<Input> {
        match self.inputs.try_recv() {
            Ok(input) => Some(input),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Closed) => Some(Input::Stop),
        }
    }
}

async fn read(socket: Rc<Udp>, inputs: Sender<Input>) {
    let mut buffer = vec![0; MAX_DATAGRAM];
    loop {
        let datagram = match socket.recv(&mut buffer).await {
            Ok(datagram) => datagram,
            Err(error) => {
                log::error!("SIP socket {}: {error}", socket.local_addr());
                Timer::after(PAUSE_AFTER_ERROR).await;
                continue;
            }
        };
        let path = Path { local: datagram.local, remote: datagram.remote };
        let bytes = buffer[..datagram.len].to_vec();
        if inputs.send(Input::Datagram { path, bytes }).await.is_err() {
            return;
        }
    }
}

async fn catch(mut signals: Signals, inputs: Sender<Input>) {
    while signals.next().await.is_some() {
        if inputs.send(Input::Stop).await.is_err() {
            return;
        }
    }
}

/// Datagrams read ahead of their handling.
const DEPTH: usize = 64;
/// The most that UDP carries.
const MAX_DATAGRAM: usize = 65_535;
/// A broken socket is not asked more often than this.
const PAUSE_AFTER_ERROR: core::time::Duration = core::time::Duration::from_secs(1);
