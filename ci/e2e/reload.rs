//! The configuration is read again while the box works.

use crate::callee::PagingCall;
use crate::caller::Caller;
use crate::kamailio::Kamailio;
use crate::paging_box::{PagingBox, free_port, until};
use crate::tone::Recording;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

#[test]
fn a_page_goes_on_while_volumes_and_accounts_change_and_a_mistake_keeps_the_last_good_value() {
    let Some(kamailio) = Kamailio::start() else { return };
    let first = format!(
        "[sip]\ndomain = {}\nuser = 501\npass = secret\n[zone hall]\nvolume = 100\n[log]\nlevels = accounts=debug\n",
        kamailio.address
    );
    let mut target = PagingBox::start_with_file(V4, &first);
    await_log(&target, "501@127.0.0.1: registered at");
    let sound = ["--tone", "440", "--seconds", "7"];
    let page = PagingCall::start(&format!("sip:501@{}", kamailio.address), &sound);
    await_log(&target, ": on air");
    // The file is written as an editor does that writes it in place.
    let second = format!("{first}[sip second]\nuser = 502\n").replace("volume = 100", "volume = 25");
    fs::write(target.file(), &second).unwrap();
    await_log(&target, "INFO config: reloaded: zone hall volume, account 502@127.0.0.1 (new)\n");
    await_log(&target, "502@127.0.0.1: registered at");
    // The address is right all the time, the volume is not any more.
    fs::write(target.file(), second.replace("volume = 25", "volume = loud")).unwrap();
    let mistake =
        format!("{}:6:10: error: [zone hall] volume: expected a level such as", target.file().display());
    await_log(&target, &mistake);
    await_log(&target, "INFO config: reloaded: nothing has changed\n");
    assert!(target.log().contains("found \"loud\"; 25 stays in force"), "{}", target.log());
    let outcome = page.finish(Duration::from_secs(20));
    assert_eq!(outcome.code, Some(0), "the page went on: {outcome:?}");
    let page =
        PagingCall::start(&format!("sip:502@{}", kamailio.address), &["--tone", "880", "--seconds", "1"]);
    assert_eq!(page.finish(Duration::from_secs(10)).code, Some(0), "the second account is called");
    let log = target.log();
    assert_eq!(log.matches("501@127.0.0.1: registered at").count(), 1, "it was left alone: {log}");
    assert!(target.terminate().success());
    let recording = Recording::read(&target.wav());
    let loud = recording.amplitudes(440.0);
    let (before, after) = (loud.first().unwrap(), loud.last().unwrap());
    assert!((3.6..4.4).contains(&(before / after)), "{loud:?}");
    let other = recording.amplitudes(880.0);
    assert!((other.last().unwrap() / after - 1.0).abs() < 0.1, "the mistake left it alone: {other:?}");
}

#[test]
fn an_account_that_is_removed_unregisters_and_a_changed_one_does_so_and_registers_anew() {
    let Some(kamailio) = Kamailio::start() else { return };
    let file = |accounts: &str| {
        format!("[log]\nlevel = trace\n[sip]\ndomain = {}\npass = secret\n{accounts}", kamailio.address)
    };
    let target = PagingBox::start_with_file(V4, &file("user = 501\n[sip b]\nuser = 502\n"));
    await_log(&target, "501@127.0.0.1: registered at");
    await_log(&target, "502@127.0.0.1: registered at");
    fs::write(target.file(), file("user = 501\nname = Hall\n")).unwrap();
    await_log(&target, "502@127.0.0.1: not registered any more");
    await_log(&target, "501@127.0.0.1: not registered any more");
    until(PATIENCE, "it is registered anew", || {
        target.log().matches("501@127.0.0.1: registered at").count() == 2
    });
    let told = "reloaded: sip.name, account 501@127.0.0.1, account 502@127.0.0.1 (removed)\n";
    assert!(target.log().contains(told), "{}", target.log());
    let call = |user: u16| {
        let sound = ["--tone", "440", "--seconds", "0.3"];
        PagingCall::start(&format!("sip:{user}@{}", kamailio.address), &sound).finish(PATIENCE).code
    };
    assert_eq!((call(501), call(502)), (Some(0), Some(69)));
    // What waits until no call is on makes it come up anew, and register anew.
    fs::write(target.file(), file("user = 501\nname = Hall\n[audio]\nperiod = 20ms\n")).unwrap();
    until(PATIENCE, "it is registered once more", || {
        target.log().matches("501@127.0.0.1: registered at").count() == 3
    });
    assert_eq!(call(501), Some(0));
    assert!(!target.log().contains("secret"), "{}", target.log());
}

#[test]
fn a_file_that_an_editor_of_windows_replaces_is_read_and_one_that_vanishes_stays_in_force() {
    let target = PagingBox::start_with_file(V4, "[sip]\nallow = attached\n");
    let saved = target.folder.join("paging.conf.tmp");
    fs::write(&saved, "\u{feff}[sip]\r\nallow = 10.0.0.0/8\r\n").unwrap();
    fs::rename(&saved, target.file()).unwrap();
    await_log(&target, "INFO config: reloaded: sip.allow\n");
    let mut stranger = Caller::new(target.address);
    stranger.invite();
    stranger.receive_final(403);
    target.signal("HUP");
    await_log(&target, "INFO config: reloaded: nothing has changed\n");
    fs::write(&saved, "\u{feff}[sip]\r\nallow = 127.0.0.0/8\r\n").unwrap();
    fs::rename(&saved, target.file()).unwrap();
    until(PATIENCE, "it is read", || target.log().matches("reloaded: sip.allow\n").count() == 2);
    call(target.address);
    fs::remove_file(target.file()).unwrap();
    await_log(&target, "what it said before stays in force\n");
    call(target.address);
}

#[test]
fn levels_of_the_log_and_its_collector_come_and_go() {
    let collector = UdpSocket::bind((V4, 0)).unwrap();
    collector.set_read_timeout(Some(PATIENCE)).unwrap();
    let target = PagingBox::start_with_file(V4, "[log]\nlevel = warn\n");
    call(target.address);
    let syslog = format!(
        "[log]\nlevels = config=info\nlevel = error\nsyslog = udp:{}\n",
        collector.local_addr().unwrap()
    );
    fs::write(target.file(), &syslog).unwrap();
    await_log(&target, "reloaded: log.level, log.levels, log.syslog\n");
    assert!(!target.log().contains(" calls: "), "{}", target.log());
    fs::write(target.file(), format!("{syslog}\n[sip]\nptime = x\n")).unwrap();
    let next = || {
        let mut buffer = [0; 2048];
        let length = collector.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    };
    let first = next();
    assert!(first.ends_with(" config - reloaded: log.level, log.levels, log.syslog"), "{first}");
    let second = next();
    assert!(second.starts_with("<27>1 ") && second.contains("[sip] ptime: expected a time"), "{second}");
    fs::write(target.file(), "").unwrap();
    await_log(&target, "it has become empty; what it said before stays in force\n");
    fs::write(target.file(), "[log]\nlevel = info\n").unwrap();
    until(PATIENCE, "it is read", || target.log().matches("reloaded: log.level, ").count() == 2);
    call(target.address);
    await_log(&target, "INFO calls: call from ");
}

#[test]
fn what_cannot_change_under_a_call_waits_for_its_end_and_the_box_comes_up_with_it() {
    let mut target = PagingBox::start_with_file(V4, "[audio]\nperiod = auto\n");
    let mut caller = Caller::new(target.address);
    caller.call();
    fs::write(target.file(), "[audio]\nperiod = 20ms\n[sip]\nanswer-after = 0.1s\n").unwrap();
    await_log(&target, "INFO config: reloaded: sip.answer-after\n");
    await_log(&target, "INFO config: reloaded: audio.period waits until no call is on\n");
    assert!(!target.log().contains("comes up"), "{}", target.log());
    caller.hang_up();
    await_log(&target, "no call is on: the box comes up with the new settings");
    until(PATIENCE, "it listens again", || target.log().matches("listening for SIP on udp").count() == 2);
    call(target.address);
    // Without a call nothing waits.
    fs::write(target.file(), "[sip]\nanswer-after = 0.1s\n").unwrap();
    until(PATIENCE, "it listens once more", || target.log().matches("listening for SIP on udp").count() == 3);
    call(target.address);
    assert!(target.terminate().success());
}

#[test]
fn an_address_that_cannot_be_listened_on_leaves_the_one_of_before() {
    let (first, second) = (address(), address());
    let mut target = PagingBox::start_at_with_file(first, &format!("[sip]\nlisten = {first}\n"));
    let taken = UdpSocket::bind(second).unwrap();
    fs::write(target.file(), format!("[sip]\nlisten = {second}\n")).unwrap();
    await_log(&target, "; the settings of before stay in force");
    until(PATIENCE, "it listens as before", || {
        target.log().matches(&format!("listening for SIP on udp {first}")).count() == 2
    });
    call(first);
    drop(taken);
    target.signal("HUP");
    await_log(&target, &format!("listening for SIP on udp {second}"));
    call(second);
    assert!(target.terminate().success());
}

fn address() -> SocketAddr {
    SocketAddr::new(V4, free_port(V4))
}

fn call(address: SocketAddr) {
    let mut caller = Caller::new(address);
    caller.call();
    caller.hang_up();
}

fn await_log(target: &PagingBox, line: &str) {
    until(PATIENCE, line, || target.log().contains(line));
}

const PATIENCE: Duration = Duration::from_secs(20);
const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
