//! Faults, sentences, pages and the JSON text, of made-up boxes.

use super::text::title;
use super::*;
use serde_json::Value;
use std::fmt::Write;

/// A box on which all is well: one account, one card, one call.
fn sound() -> Status {
    let counters = Counters { calls: 12, sip_received: 340, strangers_refused: 3, ..Counters::default() };
    let status = Status {
        uptime_s: 11_520,
        accounts: vec![registered()],
        calls: vec![call("sip:200@pbx.example")],
        sinks: vec![card()],
        counters,
        clock: Clock::new(core::time::Duration::from_secs(1_796_022_311), 3600, Some(ClockKeeper::Ntp)),
        ..Status::default()
    };
    status.judged()
}

fn programme() -> Programme {
    let zones = vec!["hall".to_owned(), "yard".to_owned()];
    Programme { what: "announcement 3".to_owned(), zones, priority: 60, duration_s: 65 }
}

fn registered() -> Account {
    Account {
        section: String::new(),
        address: "501@pbx.example".to_owned(),
        state: AccountState::Registered,
        server: Some("pbx.example (192.0.2.9:5060)".to_owned()),
        expires_in_s: Some(212),
        failure: None,
    }
}

fn failed() -> Account {
    let failure = Failure {
        reason: Reason::WrongPassword,
        text: "the user or the password is wrong".to_owned(),
        server: "pbx.example (192.0.2.9:5060)".to_owned(),
        status: None,
        since_s: 12,
    };
    let (server, expires_in_s, failure) = (None, None, Some(failure));
    Account { state: AccountState::Failed, server, expires_in_s, failure, ..registered() }
}

fn card() -> Sink {
    let card = Card {
        name: "hw:CARD=Device,DEV=0".to_owned(),
        kind: "usb".to_owned(),
        format: Some("S16_LE".to_owned()),
        channels: 2,
        rate_hz: 48_000,
        latency_ms: 19.7,
    };
    Sink {
        device: "auto".to_owned(),
        zones: vec!["all".to_owned()],
        state: SinkState::Awake,
        card: Some(card),
        fault: None,
        xruns: 0,
        opened: 1,
        queue_ms: 10.0,
        level_dbfs: Some(-18.3),
        silent_ms: 4,
    }
}

fn missing() -> Sink {
    let fault = Some("auto: no such sound card".to_owned());
    Sink { state: SinkState::Missing, card: None, fault, opened: 0, level_dbfs: None, ..card() }
}

fn call(from: &str) -> Call {
    let stream = Stream {
        received_packets: 600,
        lost_packets: 12,
        loss_percent: 2.0,
        jitter_ms: 0.4,
        latency_ms: Some(34.4),
        drift_ppm: Some(12.3),
        level_dbfs: Some(-30.0),
        peak_dbfs: Some(-27.0),
        ..Stream::default()
    };
    Call {
        from: from.to_owned(),
        peer: "192.0.2.7:5060".to_owned(),
        call_id: "a84b4c76e66710".to_owned(),
        account: Some("501@pbx.example".to_owned()),
        state: CallState::OnAir,
        duration_s: 12,
        codec: Some("G722".to_owned()),
        stream: Some(stream),
    }
}

fn page() -> Record {
    Record {
        from: "sip:200@pbx.example".to_owned(),
        peer: "192.0.2.7:5060".to_owned(),
        call_id: "a84b4c76e66710".to_owned(),
        account: Some("501@pbx.example".to_owned()),
        zones: vec!["hall".to_owned(), "yard".to_owned()],
        began: Some("2026-11-30T08:05:11+01:00".to_owned()),
        uptime_s: 3600,
        ago_s: 60,
        on_air_s: 12.3,
        codec: Some("G722".to_owned()),
        received_packets: 600,
        lost_packets: 12,
        loss_percent: 2.0,
        peak_dbfs: -3.1,
        rms_dbfs: -18.2,
        heard_s: 8.3,
        silent_s: 4.0,
        silent: false,
        ended: Ended::CallerHungUp,
        kind: RecordKind::Call,
    }
}

fn silent_page() -> Record {
    let (peak_dbfs, rms_dbfs, heard_s, silent_s) = (-71.0, -80.0, 0.0, 12.3);
    Record { peak_dbfs, rms_dbfs, heard_s, silent_s, silent: true, ..page() }
}

fn mistake(line: u32, severity: Severity) -> Mistake {
    let (source, text) = ("paging.conf".to_owned(), "[sip] ptime: expected a time".to_owned());
    Mistake { severity, source, line: Some(line), column: Some(9), text }
}

#[test]
fn a_box_is_well_that_is_registered_has_a_card_and_no_mistakes() {
    assert_eq!(faults(&[registered()], &[card()], &[mistake(3, Severity::Note)]), []);
    let off = Account { state: AccountState::Off, ..registered() };
    assert_eq!(faults(&[off], &[card()], &[]), [], "as configured");
    assert!(sound().healthy);
}

#[test]
fn faults_are_told_in_the_order_telephone_loudspeaker_configuration() {
    let mistakes = [mistake(2, Severity::Note), mistake(3, Severity::Error), mistake(7, Severity::Error)];
    let told: Vec<_> = faults(&[registered(), failed()], &[card(), missing()], &mistakes)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        told,
        [
            "501@pbx.example is not registered: the user or the password is wrong; at pbx.example (192.0.2.9:5060), \
             for 12 s",
            "nothing is heard: auto: no such sound card",
            "2 mistakes in the configuration, the first: paging.conf:3:9: error: [sip] ptime: expected a time",
        ]
    );
}

#[test]
fn a_silent_page_is_a_warning_until_another_is_heard_and_never_a_fault() {
    let told = |pages: &[Record]| Status { pages: pages.to_vec(), ..sound() }.judged();
    let silent = told(&[silent_page(), page()]);
    assert!(silent.healthy && silent.faults.is_empty());
    let warning = "the last page was silent: nothing was heard of sip:200@pbx.example in 12.3 s, 60 s ago";
    assert_eq!(silent.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(), [warning]);
    let text = silent.to_string();
    assert!(text.starts_with(&format!("{}\n~ {warning}\n", title(&silent))), "{text}");
    assert!(title(&silent).ends_with(": a warning"), "{text}");
    let wrong_number = Record { on_air_s: 0.5, heard_s: 0.0, silent_s: 0.5, ..page() };
    assert_eq!(told(&[wrong_number, silent_page()]).warnings, silent.warnings, "too short to tell");
    assert_eq!(told(&[page(), silent_page()]).warnings, []);
}

#[test]
fn the_last_pages_are_told_when_who_how_loud_and_why_they_ended() {
    let unknown = Record { began: None, zones: vec!["all".to_owned()], silent_s: 0.4, ..page() };
    let text = Status { pages: vec![page(), unknown, silent_page()], ..sound() }.to_string();
    let expected = "
Last pages
  2026-11-30 08:05:11 sip:200@pbx.example, 12.3 s in hall, yard, G722, lost 2.0 %: peak -3.1 dBFS, mean -18.2 dBFS, silent for 4 s; the caller hung up
  60 s ago sip:200@pbx.example, 12.3 s, G722, lost 2.0 %: peak -3.1 dBFS, mean -18.2 dBFS; the caller hung up
  2026-11-30 08:05:11 sip:200@pbx.example, 12.3 s in hall, yard, G722, lost 2.0 %: SILENT; the caller hung up
";
    assert!(text.contains(expected), "{text}");
    let many = Status { pages: vec![page(); 100], ..sound() }.to_string();
    assert_eq!(many.matches("the caller hung up").count(), 5);
}

#[test]
fn the_line_of_a_page_is_names_and_values_that_nobody_can_forge() {
    let expected = "page kind=call silent=no ended=caller-hung-up began=2026-11-30T08:05:11+01:00 uptime_s=3600 \
                    on_air_s=12.3 heard_s=8.3 silent_s=4.0 peak_dbfs=-3.1 rms_dbfs=-18.2 codec=G722 \
                    received_packets=600 lost_packets=12 loss_percent=2.0 account=501@pbx.example \
                    from=sip:200@pbx.example peer=192.0.2.7:5060 call_id=a84b4c76e66710 zones=hall,yard";
    assert_eq!(page().to_line(), expected);
    let from = "sip:x silent=yes \"@y".to_owned();
    let forged = Record { from, began: None, account: None, zones: vec!["big hall".to_owned()], ..page() };
    let line = forged.to_line();
    for part in [" began=- ", " account=- ", " from=\"sip:x silent=yes \\\"@y\" ", " zones=\"big hall\""] {
        assert!(line.contains(part), "{part}: {line}");
    }
}

#[test]
fn a_line_that_cannot_be_had_is_a_fault_and_the_others_are_told() {
    let relay = Line {
        role: Role::Relay,
        name: String::new(),
        line: "GPIO17".to_owned(),
        state: LineState::On,
        fault: None,
        presses: 0,
    };
    let why = Some("no GPIO chip has a line GPIO99".to_owned());
    let name = "desk".to_owned();
    let desk = Line { role: Role::Button, name, state: LineState::Missing, fault: why, ..relay.clone() };
    let gate = Line { name: "gate".to_owned(), state: LineState::Ready, fault: None, ..desk.clone() };
    let status = Status { lines: vec![relay, desk, gate], ..sound() }.judged();
    let told: Vec<_> = status.faults.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["button desk does nothing: no GPIO chip has a line GPIO99"]);
    let text = status.to_string();
    for line in [
        "relay at GPIO17 is on",
        "button desk at GPIO17 is missing",
        "button gate at GPIO17, pressed 0 times",
    ] {
        assert!(text.contains(line), "{text}");
    }
}

#[test]
fn a_box_that_has_only_begun_is_not_well_yet() {
    let account =
        Account { state: AccountState::Registering, server: None, expires_in_s: None, ..registered() };
    let sink = Sink { state: SinkState::Starting, card: None, silent_ms: 0, ..card() };
    let told: Vec<_> = faults(&[account], &[sink], &[]).iter().map(ToString::to_string).collect();
    let begun = "501@pbx.example is not registered: it has only begun to register";
    assert_eq!(told, [begun, "auto is not open yet"]);
}

#[test]
fn a_refresh_that_fails_while_the_registration_holds_is_no_fault_but_told() {
    let account = Account { failure: failed().failure, ..registered() };
    assert_eq!(faults(std::slice::from_ref(&account), &[], &[]), []);
    let told = "registered as 501 at pbx.example (192.0.2.9:5060), for 212 s more; its refresh fails: the user or the \
                password is wrong; at pbx.example (192.0.2.9:5060), for 12 s";
    assert_eq!(account.to_string(), told);
}

#[test]
fn an_audio_thread_that_does_not_write_hangs() {
    let silent = |state, silent_ms| faults(&[], &[Sink { state, silent_ms, ..card() }], &[]);
    assert_eq!(silent(SinkState::Idle, 2000), []);
    let [Fault::Hangs { silent_ms: 2001, .. }] = silent(SinkState::Idle, 2001)[..] else {
        panic!("it hangs")
    };
    assert_eq!(silent(SinkState::Changing, 14_000), []);
    let [Fault::Hangs { .. }] = silent(SinkState::Changing, 16_000)[..] else { panic!("it hangs") };
    let [Fault::NoCard { .. }] = silent(SinkState::Missing, 14_000)[..] else { panic!("it is opened") };
    let [Fault::Hangs { .. }] = silent(SinkState::Missing, 16_000)[..] else { panic!("it hangs") };
}

#[test]
fn a_healthy_box_is_told_in_sentences() {
    let expected = "\
PagingBox 0.1.0, up for 3 h 12 min: all is well
Telephone
  registered as 501 at pbx.example (192.0.2.9:5060), for 212 s more
Loudspeakers
  auto plays on hw:CARD=Device,DEV=0 (usb, 2 channels, S16_LE, 48000 Hz, latency 19.7 ms), 0 xruns
    ████████████████████████████░░░░░░░░░░░░ -18.3 dBFS
Calls
  sip:200@pbx.example at 192.0.2.7:5060 on air, 12 s: G722, latency 34 ms, jitter 0.4 ms, lost 2.0 %, clock +12 ppm
    ████████████████████░░░░░░░░░░░░░░░░░░░░ -30.0 dBFS
Clock
  2026-11-30 08:05:11 (+01:00), kept right by a time server
Counted
  12 calls, 340 SIP messages, 3 of strangers
";
    assert_eq!(sound().to_string(), expected.replace("0.1.0", env!("CARGO_PKG_VERSION")));
}

#[test]
fn what_is_played_at_a_word_is_told_after_the_calls() {
    let text = Status { programmes: vec![programme()], ..sound() }.to_string();
    let expected = "dBFS\nAnnouncements\n  announcement 3 in hall, yard, priority 60, for 65 s\nClock\n";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn what_is_counted_is_told_as_far_as_there_is_any() {
    let counters = Counters { calls: 1, packets_dropped: 1, log_lines_lost: 7, ..Counters::default() };
    assert_eq!(counters.to_string(), "1 call, 0 SIP messages, 1 packet dropped, 7 log lines lost");
}

#[test]
fn faults_come_first_and_mistakes_have_their_place() {
    let status =
        Status { sinks: vec![missing()], mistakes: vec![mistake(3, Severity::Error)], ..Status::default() };
    let text = status.judged().to_string();
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].ends_with(": 2 faults"), "{text}");
    assert_eq!(lines[1], "! nothing is heard: auto: no such sound card");
    assert!(lines[2].starts_with("! a mistake in the configuration: paging.conf:3:9: error: "), "{text}");
    assert!(text.contains("\nTelephone\n  no account; the box takes direct calls\n"), "{text}");
    assert!(
        text.contains("\nConfiguration\n  paging.conf:3:9: error: [sip] ptime: expected a time\n"),
        "{text}"
    );
}

#[test]
fn a_device_that_is_named_as_it_is_found_is_named_once() {
    let name = "wav:page.wav".to_owned();
    let found = Card { name: name.clone(), kind: "wav".to_owned(), ..card().card.unwrap() };
    let sink =
        Sink { device: name, card: Some(found), state: SinkState::Idle, xruns: 3, opened: 2, ..card() };
    let zones = vec!["hall".to_owned(), "yard".to_owned()];
    let told = "wav:page.wav silent (wav, 2 channels, S16_LE, 48000 Hz, latency 19.7 ms), 3 xruns, opened 2 times; \
                zones hall, yard";
    assert_eq!(Sink { zones, ..sink }.to_string(), told);
}

/// A box with much to tell.
fn busy() -> Status {
    let calls = (0..40).map(|number| call(&format!("sip:{number}@pbx.example"))).collect();
    let mistakes = (1..9).map(|line| mistake(line, Severity::Error)).collect();
    Status { accounts: vec![failed(); 3], calls, mistakes, sinks: vec![card(); 2], ..sound() }.judged()
}

#[test]
fn a_page_fits_every_terminal() {
    for status in [Status::default(), sound(), busy()] {
        for size in [(80, 24), (80, 60), (132, 43), (40, 12), (20, 5), (3, 2), (1, 1), (0, 0)] {
            let page = Page::new(&status, size);
            assert!(page.lines().len() <= size.1, "{size:?}: {page:#?}");
            let is_narrow = |line: &String| line.chars().count() <= size.0;
            assert!(page.lines().iter().all(is_narrow), "{size:?}: {page:#?}");
        }
    }
}

#[test]
fn a_page_of_80_by_24_shows_faults_telephone_loudspeakers_and_the_first_calls() {
    let mut text = String::new();
    for line in Page::new(&busy(), (80, 24)).lines() {
        writeln!(text, "{line}").unwrap();
    }
    for part in
        ["4 faults", "! 501@", "Telephone\n", "Loudspeakers\n", "Calls\n", " more\n", "dBFS\n", "sip:0@"]
    {
        assert!(text.contains(part), "{part}:\n{text}");
    }
    // Sections go as a whole: a line may be left.
    assert!((22..=24).contains(&text.lines().count()), "{text}");
}

#[test]
fn a_sentence_is_a_page_too() {
    let page =
        Page::of_sentence("no box answers at /run/paging/status.sock any more: it has ended", (30, 24));
    assert_eq!(
        page.lines(),
        ["no box answers at", "  /run/paging/status.sock any", "  more: it has ended"].map(str::to_owned)
    );
    assert_eq!(Page::of_sentence("no box answers", (10, 1)).lines(), ["no box"]);
}

#[test]
fn what_the_network_wrote_moves_no_cursor() {
    let status = Status { calls: vec![call("sip:\u{1b}[2J\n@x")], ..sound() };
    let page = Page::new(&status, (80, 24));
    assert!(!page.lines().iter().any(|line| line.contains(char::is_control)), "{page:#?}");
}

#[test]
fn the_json_text_is_one_line_that_reads_back_as_it_was() {
    for status in [Status::default().judged(), sound(), busy()] {
        let text = status.to_json();
        assert!(!text.contains('\n'));
        assert_eq!(Status::from_json(&text).unwrap(), status);
    }
}

#[test]
fn another_schema_and_other_programs_are_told_apart() {
    let error = |text: &str| Status::from_json(text).unwrap_err().to_string();
    assert!(error("{\"schema\": 2}").starts_with("the box speaks schema 2, this program 1"));
    assert!(error("HTTP/1.1 400").starts_with("what answers there is no box"));
    let newer = sound().to_json().replacen('{', "{\"brand_new\":[1],", 1);
    assert_eq!(Status::from_json(&newer).unwrap(), sound(), "new names are passed over");
}

#[test]
fn the_json_text_keeps_to_the_schema_that_is_given_to_others() {
    let schema: Value = serde_json::from_str(include_str!("../../docs/status.schema.json")).unwrap();
    let off = Account { state: AccountState::Off, ..failed() };
    let silent = Sink { level_dbfs: None, silent_ms: 9000, ..card() };
    let ringing =
        Call { state: CallState::Ringing, stream: None, codec: None, account: None, ..call("sip:1@x") };
    let loose = Mistake { line: None, column: None, ..mistake(1, Severity::Note) };
    let mut odd = busy();
    odd.accounts.push(off);
    odd.sinks.extend([silent, missing()]);
    odd.calls.push(ringing);
    odd.mistakes.push(loose);
    odd.pages = vec![silent_page(), Record { began: None, codec: None, account: None, ..page() }];
    odd.programmes.push(programme());
    let (line, fault) = ("GPIO17".to_owned(), Some("no GPIO chip".to_owned()));
    let (role, state) = (Role::Healthy, LineState::Missing);
    odd.lines.push(Line { role, name: String::new(), line, state, fault, presses: 0 });
    let failures =
        vec![SourceFailure { source: "http://radio/".to_owned(), text: "no such server".to_owned() }];
    odd.players.push(Player {
        name: "lobby".to_owned(),
        zones: vec!["all".to_owned()],
        state: PlayerState::Silent,
        source: None,
        track: Some("a.mp3".to_owned()),
        failures,
        ahead_ms: 1.5,
        dry: 2,
    });
    for status in [Status::default().judged(), sound(), busy(), odd.judged()] {
        let value: Value = serde_json::from_str(&status.to_json()).unwrap();
        let mut breaches = Vec::new();
        check(&schema, &schema, &value, "status", &mut breaches);
        assert_eq!(breaches, [""; 0]);
    }
    let mut breaches = Vec::new();
    check(&schema, &schema, &serde_json::json!({"schema": "1"}), "status", &mut breaches);
    assert!(breaches.len() > 5, "the check finds breaches: {breaches:?}");
}

/// As much of JSON Schema as the file uses: `$ref`, `type`, `enum`, `const`, `required`, `properties`,
/// `additionalProperties`, `items`, `oneOf`.
fn check(root: &Value, schema: &Value, value: &Value, path: &str, breaches: &mut Vec<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        let target = root.pointer(name.trim_start_matches('#')).expect("a definition");
        return check(root, target, value, path, breaches);
    }
    if let Some(ways) = schema["oneOf"].as_array() {
        let fits = |way: &&Value| {
            let mut breaches = Vec::new();
            check(root, way, value, path, &mut breaches);
            breaches.is_empty()
        };
        if ways.iter().filter(fits).count() != 1 {
            breaches.push(format!("{path}: fits not exactly one of {}", ways.len()));
        }
    }
    if !is_of_type(&schema["type"], value) {
        return breaches.push(format!("{path}: {value} is no {}", schema["type"]));
    }
    let allowed = schema["enum"].as_array().is_none_or(|words| words.contains(value));
    if !allowed || schema.get("const").is_some_and(|only| only != value) {
        breaches.push(format!("{path}: {value}"));
    }
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value.get(name).is_none() {
            breaches.push(format!("{path}: no {name}"));
        }
    }
    for (name, value) in value.as_object().into_iter().flatten() {
        match schema["properties"].get(name) {
            Some(schema) => check(root, schema, value, &format!("{path}.{name}"), breaches),
            None if schema["oneOf"].is_array() => {}
            None => breaches.push(format!("{path}: {name} is not in the schema")),
        }
    }
    for value in value.as_array().into_iter().flatten() {
        check(root, &schema["items"], value, &format!("{path}[]"), breaches);
    }
}

fn is_of_type(types: &Value, value: &Value) -> bool {
    let is = |name: &Value| match name.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_u64(),
        Some("number") => value.is_number(),
        Some("null") => value.is_null(),
        _ => panic!("a type the check does not know: {name}"),
    };
    match types {
        Value::Null => true,
        Value::Array(names) => names.iter().any(is),
        name => is(name),
    }
}

fn condition(status: &Status) -> String {
    let addresses = ["127.0.0.1", "192.0.2.20", "fe80::1", "2001:db8::1"].map(|text| text.parse().unwrap());
    Condition { status, board: "Raspberry Pi 4 Model B", addresses: &addresses, wifi: "", wifi_is: "" }
        .to_string()
}

#[test]
fn the_condition_of_a_sound_box_says_so_and_how_to_call_it() {
    let text = condition(&sound());
    let start = format!(
        "PagingBox {} on Raspberry Pi 4 Model B\nAddress: 192.0.2.20, to be called at sip:192.0.2.20\nAll is well.\n\n\
         Telephone\n  501@pbx.example: registered\n\nLoudspeakers\n  auto: hw:CARD=Device,DEV=0, usb, 2 channels, \
         48000 Hz\n\nConfiguration\n  no mistake\n\nWhat begins with FAULT",
        env!("CARGO_PKG_VERSION")
    );
    assert!(text.starts_with(&start), "{text}");
}

#[test]
fn the_condition_of_a_box_does_not_change_by_itself() {
    let mut later = sound();
    later.uptime_s += 3600;
    later.calls.clear();
    later.counters = Counters::default();
    later.accounts[0].expires_in_s = Some(1);
    later.accounts[0].server = Some("pbx.example (192.0.2.10:5060)".to_owned());
    later.accounts[0].failure = failed().failure;
    (later.sinks[0].state, later.sinks[0].xruns, later.sinks[0].opened) = (SinkState::Idle, 7, 3);
    later.sinks[0].card.as_mut().unwrap().latency_ms = 40.1;
    assert_eq!(condition(&later.judged()), condition(&sound()));
    let failing = |since_s, server: &str| {
        let mut account = failed();
        let failure = account.failure.as_mut().unwrap();
        (failure.since_s, failure.server) = (since_s, server.to_owned());
        condition(&Status { accounts: vec![account], ..sound() }.judged())
    };
    assert_eq!(failing(1, "a"), failing(1000, "b"));
}

#[test]
fn a_box_without_an_address_asks_for_its_cable_or_for_its_wireless_network() {
    let told = |wifi| {
        let text = Condition { status: &sound(), board: "", addresses: &[], wifi, wifi_is: "" }.to_string();
        text.lines().find(|line| line.starts_with("FAULT: it has no address")).unwrap_or_default().to_owned()
    };
    assert_eq!(told(""), "FAULT: it has no address: is the network plugged in?");
    let wireless = told("Hall");
    assert!(
        wireless.contains("the wireless network \"Hall\" in reach") && wireless.contains("wifi-password")
    );
    assert!(!wireless.contains("plugged"), "{wireless}");
    for (word, told) in [
        ("NO_ADAPTER", "there is no wireless adapter"),
        ("NETWORK_NOT_FOUND", "is the wireless network \"Hall\" in reach"),
        ("WRONG_KEY", "wifi-password is wrong"),
        ("REFUSED", "\"Hall\" refuses the box"),
        ("JOINED", "\"Hall\" is joined, and no DHCP server answers"),
        ("nonsense", "is the wireless network \"Hall\" in reach, and are wifi-ssid"),
    ] {
        let text = Condition { status: &sound(), board: "", addresses: &[], wifi: "Hall", wifi_is: word }
            .to_string();
        assert!(text.contains(told), "{word}: {text}");
    }
}

#[test]
fn the_condition_of_an_ill_box_names_each_fault_and_each_mistake() {
    let missing = Sink {
        state: SinkState::Missing,
        card: None,
        fault: Some("auto: no sound card".to_owned()),
        ..card()
    };
    let mistake = Mistake {
        severity: Severity::Error,
        source: "/boot/paging.conf".to_owned(),
        line: Some(3),
        column: Some(9),
        text: "[sip] ptime: expected 10 to 60".to_owned(),
    };
    let status =
        Status { accounts: vec![failed()], sinks: vec![missing], mistakes: vec![mistake], ..sound() };
    let text = condition(&status.judged());
    for line in [
        "\nFAULT: 501@pbx.example is not registered: the user or the password is wrong\n",
        "\nFAULT: nothing is heard: auto: no sound card\n",
        "\nFAULT: one mistake in the configuration, see below\n",
        "\n  /boot/paging.conf:3:9: error: [sip] ptime: expected 10 to 60\n",
    ] {
        assert!(text.contains(line), "{text}");
    }
    assert!(!text.contains("All is well"), "{text}");
}

#[test]
fn a_box_is_good_when_it_is_registered_and_plays_and_nothing_is_written_wrongly() {
    let is_good =
        |status: &Status| Condition { status, board: "", addresses: &[], wifi: "", wifi_is: "" }.is_good();
    assert!(is_good(&sound()) && is_good(&Status { accounts: vec![], ..sound() }));
    assert!(is_good(&Status {
        accounts: vec![Account { state: AccountState::Off, ..registered() }],
        ..sound()
    }));
    assert!(!is_good(&Status { accounts: vec![failed()], ..sound() }));
    assert!(!is_good(&Status { sinks: vec![Sink { state: SinkState::Missing, ..card() }], ..sound() }));
    let mistake = |severity| {
        let (source, text) = (String::new(), String::new());
        Status { mistakes: vec![Mistake { severity, source, line: None, column: None, text }], ..sound() }
    };
    assert!(is_good(&mistake(Severity::Note)) && !is_good(&mistake(Severity::Error)));
}
