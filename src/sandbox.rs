//! What the process gives up for good: rights that no part of the box needs, so that whoever takes it over has them not.
//!
//! Each of these holds for the calling thread and for those that it starts: they are for the first thread, before the others.
//! A kernel that lacks one of them leaves it out; nothing else depends on it.

use core::fmt;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetStatus,
    path_beneath_rules,
};
use nix::libc;
use nix::sys::prctl::set_no_new_privs;
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};

/// The folders that a process may look into.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// To read.
    pub read: Vec<PathBuf>,
    /// To write as well, and to make and remove files.
    pub write: Vec<PathBuf>,
}

/// How much of it the kernel holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All.
    Whole,
    /// What it knows of.
    Partial,
    /// Nothing: it has no Landlock, or has it turned off.
    None,
}

/// Programs that are started from here on get no more rights than this one has (`PR_SET_NO_NEW_PRIVS`).
///
/// # Errors
///
/// On a kernel before 3.5.
pub fn renounce() -> io::Result<()> {
    Ok(set_no_new_privs()?)
}

/// Leaves no more than `reach` of the file systems, and no program to be started (Landlock, Linux 5.13). Folders that are not
/// there are left out.
///
/// # Errors
///
/// When the kernel knows of it and refuses.
pub fn restrict(reach: &Reach) -> Result<Extent, SandboxError> {
    let all = AccessFs::from_all(FILES);
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let mut write = all;
    write.remove(AccessFs::Execute);
    let paths = |paths: &[PathBuf]| paths.iter().filter(|path| path.exists()).cloned().collect::<Vec<_>>();
    let status = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(all)?
        .create()?
        .add_rules(path_beneath_rules(paths(&reach.read), read))?
        .add_rules(path_beneath_rules(paths(&reach.write), write))?
        .restrict_self()?;
    Ok(match status.ruleset {
        RulesetStatus::FullyEnforced => Extent::Whole,
        RulesetStatus::PartiallyEnforced => Extent::Partial,
        RulesetStatus::NotEnforced => Extent::None,
    })
}

/// Has the kernel refuse, with `EPERM`, calls that a box never needs: see the list at the end of this file.
///
/// A new name space is refused to `clone` by its flags. Those of `clone3` lie in memory, where no filter sees them: it is not
/// there (`ENOSYS`), and C libraries start their threads by `clone`.
///
/// # Errors
///
/// When the kernel has no filters, or this is a processor that is not known.
pub fn refuse_calls() -> Result<(), SandboxError> {
    let mut rules: Rules = REFUSED.iter().map(|call| (*call, Vec::new())).collect();
    rules.insert(libc::SYS_clone, spaces().map_err(SandboxError::Filter)?);
    refuse(rules, libc::EPERM)?;
    refuse(Rules::from([(libc::SYS_clone3, Vec::new())]), libc::ENOSYS)
}

fn refuse(rules: Rules, errno: libc::c_int) -> Result<(), SandboxError> {
    let architecture = std::env::consts::ARCH.try_into().map_err(|_| SandboxError::Processor)?;
    let refused = SeccompAction::Errno(errno.unsigned_abs());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refused, architecture);
    let program: BpfProgram = filter.and_then(TryInto::try_into).map_err(SandboxError::Filter)?;
    seccompiler::apply_filter(&program).map_err(SandboxError::Calls)
}

/// A rule for each flag that asks for a name space, whatever else is asked for.
fn spaces() -> Result<Vec<SeccompRule>, BackendError> {
    let rule = |flag: &libc::c_int| {
        let flag = u64::from(flag.unsigned_abs());
        let condition =
            SeccompCondition::new(0, SeccompCmpArgLen::Qword, SeccompCmpOp::MaskedEq(flag), flag)?;
        SeccompRule::new(vec![condition])
    };
    SPACES.iter().map(rule).collect()
}

/// The folder of a file.
#[must_use]
pub fn folder_of(file: &Path) -> PathBuf {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new(".")).to_owned()
}

/// Calls, and what of them is refused; nothing stands for all of it.
type Rules = BTreeMap<libc::c_long, Vec<SeccompRule>>;

/// Why a right is kept.
#[derive(Debug)]
#[non_exhaustive]
pub enum SandboxError {
    /// File systems.
    Files(landlock::RulesetError),
    /// Calls, on a processor that is not known.
    Processor,
    /// Calls: the filter cannot be made.
    Filter(seccompiler::BackendError),
    /// Calls: the kernel refuses.
    Calls(seccompiler::Error),
}

impl From<landlock::RulesetError> for SandboxError {
    fn from(error: landlock::RulesetError) -> Self {
        Self::Files(error)
    }
}

impl fmt::Display for SandboxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Files(error) => error.fmt(f),
            Self::Processor => f.write_str("no filter of calls is known for this processor"),
            Self::Filter(error) => error.fmt(f),
            Self::Calls(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SandboxError {}

/// What of Landlock is asked for: files, not sockets nor the controls of devices, which ALSA needs.
const FILES: ABI = ABI::V3;

/// Mounting, tracing, other kernels and their modules, other name spaces, keys, the clock, the power switch, programs.
const REFUSED: &[libc::c_long] = &[
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_mount_setattr,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_quotactl,
    libc::SYS_open_by_handle_at,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    libc::SYS_perf_event_open,
    libc::SYS_bpf,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_acct,
    libc::SYS_syslog,
    libc::SYS_vhangup,
    libc::SYS_reboot,
    libc::SYS_execve,
    libc::SYS_execveat,
];

/// Flags of `clone` that ask for a name space. That of time is one of `clone3` alone.
const SPACES: &[libc::c_int] = &[
    libc::CLONE_NEWNS,
    libc::CLONE_NEWCGROUP,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::rt;
    use std::fs;

    /// In a thread of its own: what is given up does not come back.
    fn alone<T: Send>(body: impl FnOnce() -> T + Send) -> T {
        std::thread::scope(|scope| scope.spawn(body).join().unwrap())
    }

    #[test]
    fn calls_that_nobody_needs_are_refused_and_others_are_not() {
        let (outcome, refused, time) = alone(|| {
            renounce().unwrap();
            let outcome = refuse_calls();
            let refused = nix::sched::unshare(nix::sched::CloneFlags::empty());
            (outcome, refused, fs::read_to_string("/proc/thread-self/status"))
        });
        if outcome.is_ok() {
            assert_eq!(refused, Err(nix::errno::Errno::EPERM));
            let status = time.unwrap();
            assert!(status.contains("\nNoNewPrivs:\t1\n") && status.contains("\nSeccomp:\t2\n"), "{status}");
        }
    }

    #[test]
    fn name_spaces_are_refused_to_new_processes_and_threads_start_all_the_same() {
        let (outcome, refused, absent, thread) = alone(|| {
            renounce().unwrap();
            let outcome = refuse_calls();
            let refused = SPACES.iter().map(|flag| rt::clone(*flag)).collect::<Vec<_>>();
            (outcome, refused, rt::clone3_of_nothing(), std::thread::scope(|scope| scope.spawn(|| 7).join()))
        });
        if outcome.is_ok() {
            let number = |outcome: &io::Result<()>| outcome.as_ref().err().and_then(io::Error::raw_os_error);
            assert!(refused.iter().all(|refused| number(refused) == Some(libc::EPERM)), "{refused:?}");
            assert_eq!(number(&absent), Some(libc::ENOSYS));
        }
        assert_eq!(thread.unwrap(), 7);
    }

    #[test]
    fn files_out_of_reach_cannot_be_read_where_the_kernel_knows_landlock() {
        let folder = std::env::temp_dir().join(format!("pagingbox-{}-reach", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let reach =
            Reach { read: vec!["/proc".into(), "/no such folder".into()], write: vec![folder.clone()] };
        let (extent, inside, outside) = alone(|| {
            let extent = restrict(&reach).unwrap();
            (extent, fs::write(folder.join("x"), "x"), fs::read("/etc/hostname"))
        });
        inside.unwrap();
        if extent != Extent::None {
            assert_eq!(outside.unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        }
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_file_alone_lies_where_the_program_was_started() {
        assert_eq!(folder_of(Path::new("paging.conf")), Path::new("."));
        assert_eq!(folder_of(Path::new("/boot/paging.conf")), Path::new("/boot"));
    }
}
