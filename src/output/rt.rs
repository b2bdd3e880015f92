//! Asking the kernel for punctuality: a real-time class for the thread, memory that stays.
//!
//! All of it may be refused (no rights, a container); the box then plays as well as it can. This file holds the only
//! `unsafe` of the program: three calls for which no safe wrapper exists.
#![expect(unsafe_code, reason = "no safe wrapper offers these calls")]

use std::io;

/// Puts the calling thread into `SCHED_FIFO` at `priority` (1 to 99), before all ordinary threads.
///
/// # Errors
///
/// `PermissionDenied` without `CAP_SYS_NICE` or a sufficient `RLIMIT_RTPRIO`.
pub fn set_realtime(priority: u8) -> io::Result<()> {
    let parameters = libc::sched_param { sched_priority: i32::from(priority) };
    // Threads and processes started from here on do not inherit the class.
    let policy = libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK;
    // SAFETY: `parameters` lives through the call, which only reads it; 0 means the calling thread.
    let result = unsafe { libc::sched_setscheduler(0, policy, &raw const parameters) };
    outcome(result)
}

/// Keeps every page of the process in memory from its first use on.
///
/// `MCL_ONFAULT` leaves pages that nobody touches out: locking whole default stacks would cost 29 MB.
///
/// # Errors
///
/// Over `RLIMIT_MEMLOCK`, or on a kernel before 4.4.
pub fn lock_memory() -> io::Result<()> {
    // SAFETY: the call takes flags only, and changes no contents of memory.
    let result = unsafe { libc::mlockall(libc::MCL_CURRENT | libc::MCL_FUTURE | libc::MCL_ONFAULT) };
    outcome(result)
}

/// Touches the stack that the calling thread is going to use, so that it faults now and not while sound is playing.
#[inline(never)]
#[expect(clippy::large_stack_arrays, reason = "the stack is what it is about")]
pub fn prefault_stack() {
    let mut pages = [0_u8; STACK_BYTES];
    for byte in pages.iter_mut().step_by(PAGE_BYTES) {
        // SAFETY: `byte` is a valid, exclusive reference; the write is volatile so that it is not optimised away.
        unsafe { core::ptr::write_volatile(byte, 1) };
    }
    core::hint::black_box(&pages);
}

fn outcome(result: i32) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Stack of a thread of ours.
pub const THREAD_STACK_BYTES: usize = 256 * 1024;

/// What a period of sound needs at most, ALSA's plug-ins included; well below [`THREAD_STACK_BYTES`].
const STACK_BYTES: usize = 64 * 1024;

const PAGE_BYTES: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_priority_is_granted_or_refused_with_a_reason() {
        let outcome = std::thread::scope(|scope| scope.spawn(|| set_realtime(10)).join().unwrap());
        if let Err(error) = outcome {
            assert_eq!(error.kind(), io::ErrorKind::PermissionDenied, "{error}");
        }
    }

    #[test]
    fn an_impossible_priority_is_refused() {
        let outcome = std::thread::scope(|scope| scope.spawn(|| set_realtime(200)).join().unwrap());
        assert!(outcome.is_err());
    }

    #[test]
    fn a_small_stack_has_room_for_the_prefault() {
        let thread = std::thread::Builder::new().stack_size(THREAD_STACK_BYTES);
        std::thread::scope(|scope| thread.spawn_scoped(scope, prefault_stack).unwrap().join().unwrap());
    }
}
