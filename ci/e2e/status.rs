//! The real program, asked how it is: by `paging status`, at its socket, and by a service manager.

use crate::callee::PagingCall;
use crate::kamailio::Kamailio;
use crate::paging_box::{PagingBox, next_folder, until};
use crate::real_time::in_real_time;
use crate::skip;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

#[test]
fn a_relay_that_is_not_there_is_a_fault_and_holds_no_call_up() {
    let target = PagingBox::start(V4, &["gpio.relay=NO_SUCH_LINE", "gpio.relay-lead=60s"]);
    let page = PagingCall::start(&target.uri(), &["--tone", "440", "--seconds", "1"]);
    assert_eq!(page.finish(PATIENCE).code, Some(0));
    let told = json(&ask(&target, &["--json"]));
    let (line, fault) = (&told["lines"][0], &told["faults"][0]);
    assert_eq!((text(line, "state"), text(fault, "kind")), ("missing", "no-line"), "{told}");
}

#[test]
fn a_registered_box_with_a_page_on_air_tells_its_figures() {
    in_real_time(|| {
        let Some(kamailio) = Kamailio::start() else { return };
        let domain = format!("sip.domain={}", kamailio.address);
        let target = PagingBox::start(V4, &[&domain, "sip.user=501", "sip.pass=secret"]);
        until(PATIENCE, "it is registered", || ask(&target, &["--json"]).status.code() == Some(0));
        let sound = ["--tone", "440", "--seconds", "12", "--codec", "G722", "--ptime", "10", "--loss", "2"];
        let call = PagingCall::start(&format!("sip:501@{}", kamailio.address), &sound);
        let mut told = Value::Null;
        // That none of so many gets lost happens once in 200 000 times.
        until(PATIENCE, "a page of six seconds", || {
            told = json(&ask(&target, &["--json"]));
            told["calls"][0]["stream"]["received_packets"].as_u64() > Some(600)
        });
        assert_eq!(
            (&told["schema"], &told["healthy"], &told["faults"]),
            (&1.into(), &true.into(), &json_of("[]"))
        );
        let account = &told["accounts"][0];
        assert_eq!((text(account, "address"), text(account, "state")), ("501@127.0.0.1", "registered"));
        assert_eq!(text(account, "server"), kamailio.address.to_string());
        assert!((1..=300).contains(&account["expires_in_s"].as_u64().unwrap()), "{account}");
        assert!(!told.to_string().contains("secret"), "{told}");
        assert_page(&told["calls"][0]);
        let sink = &told["sinks"][0];
        assert_eq!(
            (text(sink, "state"), text(&sink["card"], "kind"), &sink["opened"]),
            ("awake", "wav", &1.into())
        );
        assert!((sink["level_dbfs"].as_f64().unwrap() - TONE_DBFS).abs() < 1.0, "{sink}");
        assert_eq!(told["counters"]["calls"], 1);
        drop(call);
    });
}

/// A tone by G.722, of which two packets in a hundred get lost.
fn assert_page(call: &Value) {
    assert_eq!((text(call, "state"), text(call, "codec")), ("on-air", "G722"));
    assert_eq!(text(call, "account"), "501@127.0.0.1");
    let stream = &call["stream"];
    let figure = |name: &str| stream[name].as_f64().unwrap_or_else(|| panic!("{name}: {stream}"));
    assert!((figure("level_dbfs") - TONE_DBFS).abs() < 1.0, "{stream}");
    // What is made up for a lost packet may be louder.
    assert!((TONE_DBFS + 2.0..0.0).contains(&figure("peak_dbfs")), "{stream}");
    assert!((0.2..6.0).contains(&figure("loss_percent")), "{stream}");
    assert!((10.0..300.0).contains(&figure("latency_ms")), "{stream}");
    assert!(figure("jitter_ms") < 20.0 && figure("drift_ppm").abs() < 500.0, "{stream}");
}

#[test]
fn mistakes_are_told_with_their_place_and_are_a_fault() {
    let target = PagingBox::start(V4, &["sip.ptime=25", "sip.codec=PCMA"]);
    let output = ask(&target, &[]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    let fault =
        "\n! 2 mistakes in the configuration, the first: --set sip.ptime: error: [sip] ptime: expected ";
    assert!(said.contains(fault), "{said}");
    assert!(said.contains("\n  --set sip.codec: error: [sip] codec: unknown key"), "{said}");
    let told = json(&ask(&target, &["--json"]));
    assert_eq!((text(&told["faults"][0], "kind"), &told["faults"][0]["count"]), ("mistakes", &2.into()));
}

#[test]
fn a_card_that_is_missing_and_a_server_without_address_are_faults_with_their_reasons() {
    let settings = [
        "audio.device=pcm:no-such-pcm",
        "sip.domain=no-such-name.invalid",
        "sip.user=501",
        "sip.allow=attached",
    ];
    let target = PagingBox::start(V4, &settings);
    let mut told = Value::Null;
    until(PATIENCE, "both have been tried in vain", || {
        let output = ask(&target, &["--json"]);
        assert_eq!(output.status.code(), Some(1));
        told = json(&output);
        text(&told["accounts"][0], "state") == "failed" && told["sinks"][0]["fault"].is_string()
    });
    let kinds = [0, 1].map(|index| text(&told["faults"][index], "kind"));
    assert_eq!(kinds, ["not-registered", "no-card"]);
    assert_eq!(text(&told["accounts"][0]["failure"], "reason"), "no-server");
    assert_eq!((text(&told["sinks"][0], "state"), &told["sinks"][0]["card"]), ("missing", &Value::Null));
    let said = String::from_utf8(ask(&target, &[]).stdout).unwrap();
    assert!(said.contains("\n! nothing is heard: no-such-pcm: "), "{said}");
    assert!(said.contains("\n! 501@no-such-name.invalid is not registered: "), "{said}");
}

#[test]
fn where_no_box_answers_a_sentence_says_what_to_do() {
    let folder = next_folder();
    let output = paging_status(&folder.join("status.sock"), &[]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(69), "{said}");
    assert!(
        said.starts_with("paging: no box answers at ")
            && said.contains(": there is no such socket; is it running"),
        "{said}"
    );
    let none = ["status", "--set", "status.socket=none"];
    let output = Command::new(env!("CARGO_BIN_EXE_paging")).args(none).output().unwrap();
    assert_eq!(output.status.code(), Some(69));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_killed_box_leaves_a_socket_that_the_next_one_takes() {
    let mut first = PagingBox::start(V4, &[]);
    let socket = first.status_socket();
    first.signal("KILL");
    first.wait_for_exit(PATIENCE);
    assert!(socket.exists());
    assert_eq!(paging_status(&socket, &[]).status.code(), Some(69));
    let mut second = PagingBox::start(V4, &[&format!("status.socket={}", socket.display())]);
    assert_eq!(paging_status(&socket, &[]).status.code(), Some(0));
    let third = PagingBox::start(V4, &[&format!("status.socket={}", socket.display())]);
    let why = format!("paging status has nobody to ask: {}: another program listens there", socket.display());
    until(PATIENCE, "the log says so", || third.log().contains(&why));
    assert_eq!(paging_status(&socket, &[]).status.code(), Some(0), "the second is asked as before");
    second.terminate();
    assert!(!socket.exists(), "it takes its file with it");
}

#[test]
fn who_watches_is_told_again_and_again_and_ends_in_order() {
    let target = PagingBox::start(V4, &[]);
    let mut socket = UnixStream::connect(target.status_socket()).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.write_all(b"watch 250\n").unwrap();
    let mut lines = BufReader::new(socket).lines().map(|line| json_of(&line.unwrap()));
    for _ in 0..3 {
        assert_eq!(lines.next().unwrap()["schema"], 1);
    }
    let mut watching = Command::new(env!("CARGO_BIN_EXE_paging"))
        .args(["status", "--watch", "--socket"])
        .arg(target.status_socket())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(watching.stdout.take().unwrap()).lines().map(Result::unwrap);
    let titles = said.by_ref().filter(|line| line.starts_with("PagingBox ")).take(2).count();
    assert_eq!(titles, 2);
    let interrupted = Command::new("kill").args(["-s", "INT", &watching.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    assert!(said.all(|line| !line.contains('\u{1b}')), "no terminal, no escapes");
    assert_eq!(watching.wait().unwrap().code(), Some(0));
}

#[test]
fn in_a_terminal_the_page_is_drawn_over_itself_waits_for_the_box_and_gives_the_screen_back() {
    if skip::is_missing("script") {
        return;
    }
    let mut target = PagingBox::start(V4, &[]);
    let (program, socket) = (env!("CARGO_BIN_EXE_paging"), target.status_socket());
    // `exec`: a shell that waits would take the Ctrl-C as its own.
    let watch = format!("exec '{program}' status --watch --socket '{}'", socket.display());
    let mut terminal = Command::new("script")
        .args(["-qec", &watch, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut keys, mut screen) = (terminal.stdin.take().unwrap(), terminal.stdout.take().unwrap());
    let mut shown = String::new();
    let mut await_pages = |begin: &str, count: usize| {
        let mut buffer = [0; 4096];
        while shown.matches(&format!("\u{1b}[H{begin}")).count() < count {
            let len = screen.read(&mut buffer).unwrap();
            assert!(len > 0, "{shown}");
            shown.push_str(&String::from_utf8_lossy(&buffer[..len]));
        }
    };
    await_pages("PagingBox ", 2);
    target.terminate();
    await_pages("no box answers at ", 2);
    assert!(shown.starts_with("\u{1b}[?1049h\u{1b}[?25l"), "{shown}");
    // Ctrl-C.
    keys.write_all(b"\x03").unwrap();
    screen.read_to_string(&mut shown).unwrap();
    assert!(shown.trim_end().ends_with("\u{1b}[?25h\u{1b}[?1049l"), "{shown}");
    assert_eq!(terminal.wait().unwrap().code(), Some(0));
}

#[test]
fn a_service_manager_hears_that_the_box_is_ready_beats_and_stops() {
    let folder = next_folder();
    let path = folder.join("notify.sock");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(PATIENCE)).unwrap();
    let variables = [("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "400000")];
    let mut target = PagingBox::start_in_environment(V4, &[], &variables);
    await_notice(&manager, "READY=1");
    await_notice(&manager, "WATCHDOG=1");
    await_notice(&manager, "WATCHDOG=1");
    let call = PagingCall::start(&target.uri(), &["--tone", "440", "--seconds", "3"]);
    await_notice(&manager, "STATUS=direct calls only, 1 call");
    drop(call);
    target.send_sigterm();
    await_notice(&manager, "STOPPING=1");
    assert!(target.wait_for_exit(PATIENCE).success());
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_spin_in_the_executor_or_in_an_audio_thread_ends_the_beats() {
    for thread in ["paging", "audio"] {
        let folder = next_folder();
        let path = folder.join("notify.sock");
        let manager = UnixDatagram::bind(&path).unwrap();
        manager.set_read_timeout(Some(PATIENCE)).unwrap();
        let variables = [("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "400000")];
        let target = PagingBox::start_in_environment(V4, &[], &variables);
        await_notice(&manager, "WATCHDOG=1");
        if !spin(target.id(), thread) {
            return;
        }
        manager.set_read_timeout(Some(BEATS_EVERY)).unwrap();
        let (mut beaten_at, ends) = (Instant::now(), Instant::now() + PATIENCE);
        while beaten_at.elapsed() < 5 * BEATS_EVERY {
            let mut notice = [0; 1024];
            let len = manager.recv(&mut notice).unwrap_or(0);
            if String::from_utf8_lossy(&notice[..len]).contains("WATCHDOG=1") {
                beaten_at = Instant::now();
            }
            assert!(Instant::now() < ends, "{thread} spins, and the box beats on");
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
}

/// Makes a thread of a process go round in circles; false where that cannot be had.
fn spin(pid: u32, thread: &str) -> bool {
    if skip::is_missing("python3") || skip::is_no_amd64() {
        return false;
    }
    let mut command = Command::new("python3");
    let done = command.arg("ci/e2e/spin.py").arg(pid.to_string()).arg(thread).output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    if said.contains("Operation not permitted") {
        skip::cannot_hold_threads();
        return false;
    }
    assert!(done.status.success(), "{said}");
    true
}

fn await_notice(manager: &UnixDatagram, notice: &str) {
    let mut buffer = [0; 1024];
    loop {
        let len = manager.recv(&mut buffer).unwrap_or_else(|error| panic!("no {notice}: {error}"));
        let text = String::from_utf8_lossy(&buffer[..len]).into_owned();
        if text.lines().any(|line| line == notice) {
            return;
        }
    }
}

fn ask(target: &PagingBox, how: &[&str]) -> Output {
    paging_status(&target.status_socket(), how)
}

fn paging_status(socket: &Path, how: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_paging"));
    command.args(["status", "--socket"]).arg(socket).args(how).output().unwrap()
}

fn json(output: &Output) -> Value {
    json_of(&String::from_utf8_lossy(&output.stdout))
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} is no text: {value}"))
}

/// Half of the time after which a service manager of these tests gives the box up.
const BEATS_EVERY: Duration = Duration::from_millis(200);
/// Of the tones of `paging call`: a sine of -10 dB.
const TONE_DBFS: f64 = -13.0;
const PATIENCE: Duration = Duration::from_secs(15);
const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
