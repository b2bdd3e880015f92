//! Vectors of the RFCs, the ways in which telephone systems ask, and whatever else may come.

use super::*;
use crate::sip::wire::{Headers, Message, Request, Response};
use proptest::prelude::*;

const NONCE: &str = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
const CNONCE: &str = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";

/// The example of RFC 7616 §3.9.1.
fn example(algorithm: Algorithm) -> String {
    let user = ["Mufasa", "http-auth@example.org", "Circle of Life"];
    let key = Proof::key(algorithm, user, [NONCE, CNONCE]);
    let qop = Some((1, CNONCE));
    Proof { algorithm, key: &key, nonce: NONCE, qop, method: "GET", uri: "/dir/index.html" }.response()
}

#[test]
fn md5_and_sha_256_prove_what_rfc_7616_says() {
    assert_eq!(example(Algorithm::Md5), "8ca523f5e9506fed4657c9700eebdbec");
    assert_eq!(
        example(Algorithm::Sha256),
        "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
    );
}

#[test]
fn md5_proves_what_rfc_2617_says() {
    let (algorithm, nonce) = (Algorithm::Md5, "dcd98b7102dd2f0e8b11d0f600bfb0c093");
    let key = Proof::key(algorithm, ["Mufasa", "testrealm@host.com", "Circle Of Life"], [nonce, ""]);
    assert_eq!(key, "939e7578ed9e3c518a452acee763bce9");
    let qop = Some((1, "0a4f113b"));
    let proof = Proof { algorithm, key: &key, nonce, qop, method: "GET", uri: "/dir/index.html" };
    assert_eq!(proof.response(), "6629fae49393a05397450978507c4ef1");
    assert_eq!(Proof { qop: None, ..proof }.response(), "670fd8c2df070c60b045671b8b24ff02");
}

#[test]
fn a_session_binds_the_secret_to_the_first_nonces() {
    for (plain, session) in [(Algorithm::Md5, Algorithm::Md5Sess), (Algorithm::Sha256, Algorithm::Sha256Sess)]
    {
        let user = ["u", "r", "s"];
        let expected = plain.hash(&format!("{}:n:c", plain.hash("u:r:s")));
        assert_eq!(Proof::key(session, user, ["n", "c"]), expected);
        assert_eq!(Proof::key(plain, user, ["n", "c"]), plain.hash("u:r:s"));
    }
}

/// What a response of `status` with these header lines reads as.
fn response(status: &str, lines: &str) -> Response {
    let text = format!(
        "SIP/2.0 {status} -\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\nFrom: <sip:box@example.com>;tag=1\n\
         To: <sip:box@example.com>;tag=2\nCall-ID: 1\nCSeq: 1 REGISTER\n{lines}\n\n"
    );
    match Message::parse(text.replace('\n', "\r\n").as_bytes()).unwrap() {
        Message::Response(response) => response,
        Message::Request(_) => panic!("expected a response"),
    }
}

fn authenticator() -> Authenticator {
    Authenticator::new(Identity::new("box", "secret").unwrap(), 1)
}

/// The answers that the next REGISTER carries, as (header, credentials).
fn answers(authenticator: &mut Authenticator) -> Vec<(&'static str, Credentials)> {
    let asked = response("401", "X: y").headers;
    let headers = Headers::new(asked.via[0].clone(), asked.from, asked.to, &asked.call_id, asked.cseq);
    let mut request = Request::new("sip:example.com".parse().unwrap(), headers);
    authenticator.authorize(&mut request);
    let of = |name: &'static str| {
        let values: Vec<_> =
            request.headers.get_all(name).map(|value| (name, value.parse().unwrap())).collect();
        values
    };
    [of("Authorization"), of("Proxy-Authorization")].concat()
}

/// The only answer after this challenge.
fn answer_to(challenge: &str) -> Credentials {
    let mut authenticator = authenticator();
    let verdict = authenticator.challenged(&response("401", &format!("WWW-Authenticate: {challenge}")));
    assert_eq!(verdict, Verdict::Retry);
    let mut answers = answers(&mut authenticator);
    assert_eq!(answers.len(), 1);
    answers.remove(0).1
}

/// Computed here anew, from what the answer itself says.
fn is_right(answer: &Credentials) -> bool {
    let algorithm = answer.algorithm.unwrap_or(Algorithm::Md5);
    let cnonce = answer.cnonce.as_deref().unwrap_or_default();
    let key = Proof::key(algorithm, ["box", &answer.realm, "secret"], [&answer.nonce, cnonce]);
    let qop = answer.nonce_count.map(|count| (count, cnonce));
    let proof =
        Proof { algorithm, key: &key, nonce: &answer.nonce, qop, method: "REGISTER", uri: "sip:example.com" };
    answer.username == "box" && answer.uri == "sip:example.com" && answer.response == proof.response()
}

#[test]
fn asterisk_asks_with_an_opaque_and_qop_and_gets_both_back() {
    let answer = answer_to(
        "Digest realm=\"asterisk\",nonce=\"1700000000/0123456789abcdef0123456789abcdef\",\
         opaque=\"5ccc069c403ebaf9\",algorithm=MD5,qop=\"auth\"",
    );
    assert!(is_right(&answer), "{answer}");
    assert_eq!(answer.nonce, "1700000000/0123456789abcdef0123456789abcdef");
    assert_eq!(answer.opaque.as_deref(), Some("5ccc069c403ebaf9"));
    assert_eq!((answer.algorithm, answer.nonce_count), (Some(Algorithm::Md5), Some(1)));
    assert!(answer.to_string().ends_with("qop=auth, nc=00000001"), "{answer}");
}

#[test]
fn freeswitch_asks_with_a_uuid_for_a_nonce() {
    let answer = answer_to(
        "Digest realm=\"192.0.2.5\", nonce=\"d0b1c2a3-0f1e-4d2c-8b3a-495867768594\", algorithm=MD5, qop=\"auth\"",
    );
    assert!(is_right(&answer), "{answer}");
    assert_eq!(answer.opaque, None);
}

#[test]
fn kamailio_asks_without_qop_or_algorithm_and_gets_neither() {
    let answer =
        answer_to("Digest realm=\"example.com\", nonce=\"ZVcBoWVXAHX8G7gkLbWHgR0nVbq9Qk8lVbUAyIA=\"");
    assert!(is_right(&answer), "{answer}");
    let text = answer.to_string();
    assert!(!["qop", "nc=", "cnonce=", "algorithm"].iter().any(|name| text.contains(name)), "{text}");
}

#[test]
fn of_several_challenges_the_strongest_is_answered() {
    let answer = answer_to(
        "Basic realm=\"r\", Digest realm=\"r\", nonce=\"m\", algorithm=MD5, qop=\"auth-int, auth\"\n\
         WWW-Authenticate: Digest realm=\"r\", nonce=\"t\", algorithm=SHA-512-256, qop=\"auth\"\n\
         WWW-Authenticate: Digest realm=\"r\", nonce=\"s\", algorithm=SHA-256, qop=\"auth\"\n\
         WWW-Authenticate: Digest realm=\"r\", nonce=\"i\", algorithm=SHA-256-sess, qop=\"auth\"",
    );
    assert_eq!((answer.nonce.as_str(), answer.algorithm), ("s", Some(Algorithm::Sha256)));
    assert!(is_right(&answer), "{answer}");
}

#[test]
fn a_challenge_that_cannot_be_read_hides_no_other() {
    let answer =
        answer_to("Digest nonce=\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\", algorithm=md5-SESS");
    assert_eq!((answer.algorithm, answer.nonce_count), (Some(Algorithm::Md5Sess), None));
    assert!(is_right(&answer), "{answer}");
}

#[test]
fn what_cannot_be_answered_is_said() {
    for challenge in [
        "Negotiate YIIab/cd==",
        "Digest realm=\"r\", nonce=\"n\", algorithm=SHA-512-256",
        "Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\"",
        "Digest realm=\"r\"",
        "Digest realm=\"r\", nonce=\"unfinished",
    ] {
        let response = response("401", &format!("WWW-Authenticate: {challenge}"));
        assert_eq!(authenticator().challenged(&response), Verdict::Unknown, "{challenge}");
    }
}

#[test]
fn a_proxy_and_a_server_are_answered_each_in_its_header() {
    let mut authenticator = authenticator();
    let proxy = response("407", "Proxy-Authenticate: Digest realm=\"r\", nonce=\"p\"");
    assert_eq!(authenticator.challenged(&proxy), Verdict::Retry);
    let server = response("401", "WWW-Authenticate: Digest realm=\"r\", nonce=\"w\"");
    assert_eq!(authenticator.challenged(&server), Verdict::Retry);
    let answers = answers(&mut authenticator);
    let of = |at: usize| (answers[at].0, answers[at].1.nonce.as_str());
    assert_eq!([of(0), of(1)], [("Authorization", "w"), ("Proxy-Authorization", "p")]);
}

#[test]
fn a_nonce_is_counted_and_a_stale_one_replaced() {
    let mut authenticator = authenticator();
    let first = response("401", "WWW-Authenticate: Digest realm=\"r\", nonce=\"a\", qop=\"auth\"");
    authenticator.challenged(&first);
    let counts = [1, 2].map(|_| answers(&mut authenticator)[0].1.nonce_count);
    assert_eq!(counts, [Some(1), Some(2)]);
    let stale =
        response("401", "WWW-Authenticate: Digest realm=\"r\", nonce=\"b\", qop=\"auth\", stale=TRUE");
    assert_eq!(authenticator.challenged(&stale), Verdict::Retry);
    let answer = &answers(&mut authenticator)[0].1;
    assert_eq!((answer.nonce.as_str(), answer.nonce_count), ("b", Some(1)));
}

#[test]
fn a_challenge_after_an_answer_refuses_it_unless_it_was_accepted_before() {
    let mut authenticator = authenticator();
    let challenge = response("401", "WWW-Authenticate: Digest realm=\"r\", nonce=\"a\"");
    assert_eq!(authenticator.challenged(&challenge), Verdict::Retry);
    authenticator.accepted(&response("200", "X: y"));
    assert_eq!(authenticator.challenged(&challenge), Verdict::Retry);
    assert_eq!(authenticator.challenged(&challenge), Verdict::Refused);
    authenticator.forget();
    assert_eq!(authenticator.challenged(&challenge), Verdict::Retry);
}

#[test]
fn the_next_nonce_keeps_the_key_of_the_session() {
    let mut authenticator = authenticator();
    let challenge = "WWW-Authenticate: Digest realm=\"r\", nonce=\"a\", algorithm=SHA-256-sess, qop=auth";
    authenticator.challenged(&response("401", challenge));
    let first = answers(&mut authenticator).remove(0).1;
    assert!(is_right(&first), "{first}");
    authenticator.accepted(&response("200", "Authentication-Info: qop=auth, nextnonce=\"b\""));
    let next = answers(&mut authenticator).remove(0).1;
    assert_eq!((next.nonce.as_str(), next.nonce_count), ("b", Some(1)));
    let (algorithm, cnonce) = (Algorithm::Sha256Sess, first.cnonce.as_deref().unwrap());
    let key = Proof::key(algorithm, ["box", "r", "secret"], ["a", cnonce]);
    let qop = Some((1, cnonce));
    let proof = Proof { algorithm, key: &key, nonce: "b", qop, method: "REGISTER", uri: "sip:example.com" };
    assert_eq!(next.response, proof.response());
}

#[test]
fn escapes_in_a_realm_are_no_part_of_it() {
    let answer = answer_to(r#"Digest realm="a \"b\" \\c, d", nonce="n""#);
    assert_eq!(answer.realm, r#"a "b" \c, d"#);
    assert!(answer.to_string().contains(r#"realm="a \"b\" \\c, d""#), "{answer}");
    assert!(is_right(&answer), "{answer}");
}

#[test]
fn values_with_line_ends_are_refused() {
    for (user, secret) in [("a\r\nX: y", "s"), ("a", "s\n"), ("a\0", "s")] {
        assert!(Identity::new(user, secret).is_err());
    }
    assert!(Challenge::read_all("Digest realm=\"a\\\r\\\nX: y\", nonce=\"n\"").is_err());
    assert!("Digest username=\"a\nb\"".parse::<Credentials>().is_err());
}

#[test]
fn neither_the_secret_nor_its_hash_is_shown() {
    let mut authenticator = authenticator();
    authenticator.challenged(&response("401", "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\""));
    let shown = format!("{authenticator:?}");
    let key = Proof::key(Algorithm::Md5, ["box", "r", "secret"], ["n", ""]);
    assert!(shown.contains("box") && !shown.contains("secret") && !shown.contains(&key), "{shown}");
}

#[test]
fn more_realms_than_any_way_has_are_not_remembered() {
    let mut authenticator = authenticator();
    for realm in 0..100 {
        let challenge = format!("WWW-Authenticate: Digest realm=\"{realm}\", nonce=\"n\"");
        authenticator.challenged(&response("401", &challenge));
    }
    assert_eq!(answers(&mut authenticator).len(), 4);
}

prop_compose! {
    fn challenge()(
        realm in "[ -~äß]{0,12}",
        nonce in "[ -~]{0,12}",
        opaque in proptest::option::of("[ -~]{0,8}"),
        algorithm in proptest::option::of(proptest::sample::select(Algorithm::ALL.to_vec())),
        is_qop in any::<bool>(),
        is_stale in any::<bool>(),
    ) -> Challenge {
        Challenge { realm, nonce, opaque, algorithm, is_qop, is_stale }
    }
}

prop_compose! {
    fn credentials()(
        [username, realm, nonce] in proptest::array::uniform3("[ -~äß]{0,12}"),
        uri in "sip:[a-z]{1,8}",
        response in "[0-9a-f]{32}",
        algorithm in proptest::option::of(proptest::sample::select(Algorithm::ALL.to_vec())),
        [opaque, cnonce] in proptest::array::uniform2(proptest::option::of("[ -~]{0,8}")),
        nonce_count in proptest::option::of(any::<u32>()),
    ) -> Credentials {
        Credentials { username, realm, nonce, uri, response, algorithm, opaque, cnonce, nonce_count }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(7616), ..ProptestConfig::with_cases(512) })]

    #[test]
    fn challenges_read_as_they_were_written(list in proptest::collection::vec(challenge(), 1..4)) {
        let text = list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        prop_assert_eq!(Challenge::read_all(&text), Ok(list), "{}", text);
    }

    #[test]
    fn credentials_read_as_they_were_written(credentials in credentials()) {
        prop_assert_eq!(credentials.to_string().parse(), Ok(credentials));
    }

    #[test]
    fn whatever_is_read_is_written_on_one_line(text in "(Digest|Basic|,|=|\"|\\\\|realm=|nonce=|qop=|auth|[ -~äß]|\\PC|\r|\n|\0){0,24}") {
        for challenge in Challenge::read_all(&text).unwrap_or_default() {
            let written = challenge.to_string();
            prop_assert!(!written.contains(char::is_control), "{written:?}");
            prop_assert_eq!(Challenge::read_all(&written), Ok(vec![challenge]));
        }
        if let Ok(credentials) = text.parse::<Credentials>() {
            prop_assert_eq!(credentials.to_string().parse(), Ok(credentials));
        }
    }
}
