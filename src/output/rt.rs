//! Asking the kernel for punctuality: a real-time class for the thread, memory that stays.
//!
//! All of it may be refused (no rights, a container); the box then plays as well as it can. This file holds the only
//! `unsafe` of the program: a few calls for which no safe wrapper exists.
#![expect(unsafe_code, reason = "no safe wrapper offers these calls")]

use core::ops::Range;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

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

/// Puts the calling thread back among the ordinary ones.
///
/// # Errors
///
/// Never, by what the kernel promises: no right is asked for.
pub fn set_ordinary() -> io::Result<()> {
    let parameters = libc::sched_param { sched_priority: 0 };
    // Taking the flag away again would need a right.
    let policy = libc::SCHED_OTHER | libc::SCHED_RESET_ON_FORK;
    // SAFETY: `parameters` lives through the call, which only reads it; 0 means the calling thread.
    let result = unsafe { libc::sched_setscheduler(0, policy, &raw const parameters) };
    outcome(result)
}

/// Lets ordinary threads go before the calling one: for work that may take its time.
///
/// # Errors
///
/// Never, by what the kernel promises: no right is asked for.
pub fn set_patient() -> io::Result<()> {
    // SAFETY: the call takes three numbers; on Linux 0 means the calling thread.
    let result = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, PATIENT) };
    outcome(result)
}

/// Makes all threads allocate from the same memory. To be called before the second thread starts.
///
/// glibc gives threads arenas of their own and reserves 64 MB of addresses for each. Once memory is locked, all of them
/// count against `RLIMIT_MEMLOCK`, touched or not. One arena costs a lock where two threads allocate at the same time;
/// the audio thread never does. Other C libraries have no arenas: nothing is done.
pub fn one_arena() {
    #[cfg(target_env = "gnu")]
    // SAFETY: the call takes two numbers and changes a setting of the allocator, under its own lock. An arena that
    // exists already stays valid.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}

/// Gives back to the kernel what only the start has needed. To be called when the program has started.
///
/// Linking, and reading the configuration, leave garbage and code that nobody needs again; all of it would stay resident,
/// and locked, for ever. Not for the audio path: it takes the allocator's lock and calls the kernel.
pub fn trim() {
    release_code();
    give_back_garbage();
}

/// Gives back the code that has been needed so far; what is needed again comes back by itself. Says how many mappings
/// that were.
fn release_code() -> usize {
    // Where there is no /proc, more stays resident.
    let smaps = std::fs::read_to_string("/proc/self/smaps").unwrap_or_default();
    let is_released = |code: &Range<usize>| {
        let start = std::ptr::with_exposed_provenance_mut(code.start);
        // SAFETY: no page of it has ever been written to, so what is needed again comes from its file as it was.
        unsafe { libc::madvise(start, code.len(), libc::MADV_DONTNEED) == 0 }
    };
    code(&smaps).filter(is_released).count()
}

/// The mappings of code from files in what `/proc/self/smaps` says: those that may be executed, and of which no page is
/// other than in the file. (A debugger, or a library that is linked in place, would have written to some.)
fn code(smaps: &str) -> impl Iterator<Item = Range<usize>> {
    let mut mapping = None;
    smaps.lines().filter_map(move |line| {
        if let Some(anonymous) = line.strip_prefix("Anonymous:") {
            return mapping.take().filter(|_| anonymous.trim() == "0 kB");
        }
        if let Some((span, rest)) = mapping_of(line) {
            let mut fields = rest.split_ascii_whitespace();
            let is_code =
                fields.next() == Some("r-xp") && fields.nth(3).is_some_and(|file| file.starts_with('/'));
            mapping = is_code.then_some(span);
        }
        None
    })
}

/// The addresses of the mapping that `line` begins to tell of, and what else it says.
fn mapping_of(line: &str) -> Option<(Range<usize>, &str)> {
    let (span, rest) = line.split_once(' ')?;
    let (start, end) = span.split_once('-')?;
    let address = |digits| usize::from_str_radix(digits, 16).ok();
    Some((address(start)?..address(end)?, rest))
}

/// With glibc only.
fn give_back_garbage() {
    #[cfg(target_env = "gnu")]
    // SAFETY: the call takes a number and gives back pages in which nothing is allocated, under the allocator's lock.
    unsafe {
        libc::malloc_trim(0);
    }
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

/// Says for how many seconds a watchdog shall wait for food, and gives back for how many it does.
///
/// # Errors
///
/// It is no watchdog, or cannot wait so long.
pub fn set_watchdog(device: BorrowedFd<'_>, seconds: i32) -> io::Result<i32> {
    let mut seconds: libc::c_int = seconds;
    // SAFETY: the call reads and writes one `int`, which lives through it.
    let result = unsafe { libc::ioctl(device.as_raw_fd(), WDIOC_SETTIMEOUT, &raw mut seconds) };
    outcome(result).map(|()| seconds)
}

/// Whether something keeps the wall clock right, by what the kernel was told (`STA_UNSYNC`, adjtimex(2)).
#[must_use]
pub fn is_clock_synchronised() -> bool {
    // SAFETY: all zeros is a value of this plain structure of numbers; as modes they mean that nothing is changed.
    let mut timex: libc::timex = unsafe { core::mem::zeroed() };
    // SAFETY: `timex` lives through the call, which only fills it.
    let state = unsafe { libc::adjtimex(&raw mut timex) };
    state >= 0 && state != libc::TIME_ERROR && timex.status & libc::STA_UNSYNC == 0
}

/// Starts a process with these flags of `clone`, which ends at once: for tests of what is refused.
///
/// # Errors
///
/// The kernel refuses.
#[cfg(test)]
pub fn clone(flags: libc::c_int) -> io::Result<()> {
    let flags = libc::c_long::from(flags | libc::SIGCHLD);
    // SAFETY: without a stack of its own the child goes on with a copy of this one, as after `fork`. It does nothing but end.
    let child = unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) };
    if child == 0 {
        // SAFETY: the call runs no destructors and no handlers, and does not come back.
        unsafe { libc::_exit(0) };
    }
    if child < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Asks `clone3` for nothing, which it refuses with `EINVAL` where it is there.
///
/// # Errors
///
/// Always.
#[cfg(test)]
pub fn clone3_of_nothing() -> io::Result<()> {
    // SAFETY: a structure of no bytes is not read.
    let result = unsafe { libc::syscall(libc::SYS_clone3, core::ptr::null::<u8>(), 0) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// A PCM as ALSA knows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Handle(usize);

impl Handle {
    /// The `alsa` crate keeps the handle to itself: it can only be read in what the crate shows of a PCM for debugging,
    /// `PCM(0x55d0c8a0b2c0, …)`. If that ever looks different, there is none, and nothing is taken back from a card.
    pub(super) fn of(pcm: &alsa::PCM) -> Option<Self> {
        let shown = format!("{pcm:?}");
        let digits = shown.strip_prefix("PCM(0x")?;
        let digits = digits.split_once(',')?.0;
        usize::from_str_radix(digits, 16).ok().filter(|&address| address != 0).map(Self)
    }
}

/// Takes back so many of the frames written last, or as many as the card lets go, and says how many. `handle` must be
/// that of the PCM.
pub(super) fn rewind(_open: &alsa::PCM, handle: Handle, frames: usize) -> usize {
    let frames = libc::c_ulong::try_from(frames).unwrap_or(libc::c_ulong::MAX);
    let pointer = core::ptr::with_exposed_provenance_mut(handle.0);
    // SAFETY: the pointer is that of a PCM which is borrowed, and so open and in no other thread's use. The call
    // moves ALSA's own position, and is refused where a card cannot.
    let taken = unsafe { alsa_sys::snd_pcm_rewind(pointer, frames) };
    usize::try_from(taken).unwrap_or(0)
}

/// By how many seconds the local time is ahead of UTC at a time since 1970.
#[must_use]
pub fn local_offset_s(since_1970: u64) -> i32 {
    let Ok(seconds) = libc::time_t::try_from(since_1970) else { return 0 };
    // SAFETY: all zeros is a value of this plain structure: numbers, and a pointer that nobody follows.
    let mut local: libc::tm = unsafe { core::mem::zeroed() };
    // SAFETY: both live through the call, which reads one and fills the other; the rules are under the library's own lock.
    let found = unsafe { libc::localtime_r(&raw const seconds, &raw mut local) };
    if found.is_null() { 0 } else { i32::try_from(local.tm_gmtoff).unwrap_or(0) }
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

/// Whether the calling thread goes before all ordinary ones.
#[cfg(test)]
pub(super) fn is_realtime() -> bool {
    // SAFETY: the call takes a number and gives one back; 0 means the calling thread.
    let policy = unsafe { libc::sched_getscheduler(0) };
    policy & !libc::SCHED_RESET_ON_FORK == libc::SCHED_FIFO
}

fn outcome(result: i32) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// `_IOWR('W', 6, int)` (linux/watchdog.h).
const WDIOC_SETTIMEOUT: libc::Ioctl = 0xc004_5706_u32 as libc::Ioctl;

/// How nice a thread is that may take its time (setpriority(2)).
const PATIENT: libc::c_int = 10;

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
        let (outcome, is_realtime) = in_thread(|| (set_realtime(10), is_realtime()));
        assert_eq!(is_realtime, outcome.is_ok());
        if let Err(error) = outcome {
            assert_eq!(error.kind(), io::ErrorKind::PermissionDenied, "{error}");
        }
    }

    #[test]
    fn a_priority_can_be_given_back_and_taken_again() {
        let [first, between, again] = in_thread(|| {
            let first = set_realtime(10).is_ok();
            set_ordinary().unwrap();
            let between = is_realtime();
            [first, between, set_realtime(10).is_ok()]
        });
        assert_eq!([between, again], [false, first]);
    }

    #[test]
    fn the_allocator_works_on_after_its_settings() {
        one_arena();
        let garbage: Vec<_> = (0..10_000).map(|size| vec![1_u8; size % 100]).collect();
        let kept = garbage.iter().step_by(10).cloned().collect::<Vec<_>>();
        drop(garbage);
        trim();
        assert!(kept.iter().flatten().all(|&byte| byte == 1));
        assert_eq!(in_thread(|| vec![2_u8; 100_000]).len(), 100_000);
    }

    fn in_thread<T: Send>(body: impl FnOnce() -> T + Send) -> T {
        std::thread::scope(|scope| scope.spawn(body).join().unwrap())
    }

    #[test]
    fn only_code_from_files_is_given_back() {
        let smaps = "\
5581a000-5581b000 r--p 00000000 fe:00 131 /usr/bin/paging
Anonymous:             0 kB
5581b000-5599e000 r-xp 00001000 fe:00 131 /usr/bin/paging
Rss:                1236 kB
Anonymous:             0 kB
AnonHugePages:         0 kB
559a0000-559b0000 rw-p 00000000 00:00 0 [heap]
Anonymous:             0 kB
7f010000-7f020000 r-xp 00026000 fe:00 99 /usr/lib/with blank.so (deleted)
Anonymous:             0 kB
7f020000-7f030000 rwxp 00000000 fe:00 98 /usr/lib/writable.so
Anonymous:             0 kB
7f030000-7f040000 r-xp 00000000 fe:00 97 /usr/lib/written.so
Anonymous:             4 kB
7f040000-7f050000 r-xp 00000000 00:00 0
Anonymous:             0 kB
7ffe0000-7ffe2000 r-xp 00000000 00:00 0 [vdso]
Anonymous:             0 kB
nonsense
";
        let found: Vec<_> = code(smaps).collect();
        assert_eq!(found, [0x5581_b000..0x5599_e000, 0x7f01_0000..0x7f02_0000]);
        assert!(release_code() > 0);
    }

    #[test]
    fn an_impossible_priority_is_refused() {
        let outcome = in_thread(|| set_realtime(200));
        assert!(outcome.is_err());
    }

    #[test]
    fn a_small_stack_has_room_for_the_prefault() {
        let thread = std::thread::Builder::new().stack_size(THREAD_STACK_BYTES);
        std::thread::scope(|scope| thread.spawn_scoped(scope, prefault_stack).unwrap().join().unwrap());
    }

    #[test]
    fn what_was_written_last_can_be_taken_back() {
        use alsa::pcm::{Access, Format, HwParams};
        let pcm = alsa::PCM::new("null", alsa::Direction::Playback, true).unwrap();
        let params = HwParams::any(&pcm).unwrap();
        params.set_access(Access::RWInterleaved).unwrap();
        params.set_format(Format::s16()).unwrap();
        params.set_channels(1).unwrap();
        params.set_rate(48_000, alsa::ValueOr::Nearest).unwrap();
        pcm.hw_params(&params).unwrap();
        let handle = Handle::of(&pcm).unwrap();
        assert_eq!(rewind(&pcm, handle, 48), 48);
    }
}
