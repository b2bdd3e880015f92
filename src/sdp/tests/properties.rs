//! Over generated input.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::{local, parse, ports, version};
use crate::sdp::{Description, Session};

proptest! {
    #![proptest_config(ProptestConfig {
        rng_seed: RngSeed::Fixed(3264),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn an_answer_has_as_many_lines_as_its_offer(
        offers in proptest::collection::vec(proptest::collection::vec(stream(), 0..6), 1..5),
    ) {
        let mut session = Session::new(local());
        let mut newest = 0;
        for offer in offers {
            let offer = parse(&offer.concat());
            let Ok((description, negotiated)) = session.answer(&offer) else { continue };
            prop_assert_eq!(description.media.len(), offer.media.len());
            let taken = ports(&description).iter().filter(|&&port| port != 0).count();
            prop_assert_eq!(taken, usize::from(offer.media.iter().any(|media| media.port != 0)));
            prop_assert_eq!(negotiated.formats.speech.len(), 1);
            prop_assert!((newest..=newest + 1).contains(&version(&description)));
            newest = version(&description);
            let again = session.answer(&offer);
            prop_assert_eq!(again, Ok((description.clone(), negotiated)));
            prop_assert_eq!(Description::parse(&description.to_bytes()), Ok(description));
        }
    }

    #[test]
    fn our_own_offer_is_accepted_as_it_stands_after_any_offer(
        offer in proptest::collection::vec(stream(), 0..6),
    ) {
        let mut session = Session::new(local());
        let had_answer = session.answer(&parse(&offer.concat())).is_ok();
        let (ours, formats) = session.offer();
        prop_assert_eq!(ours.media.len(), if had_answer { offer.len() } else { 1 });
        let mut numbers: Vec<_> = formats.iter().map(|format| format.payload_type).collect();
        numbers.sort_unstable();
        numbers.dedup();
        prop_assert_eq!(numbers.len(), 4);
        let again = Description::parse(&ours.to_bytes()).unwrap();
        prop_assert_eq!(session.accept(&again).unwrap().formats, formats);
    }
}

/// An m= line, and often a line or two of what follows one.
fn stream() -> impl Strategy<Value = String> {
    let numbers = "( 0| 8| 13| 18| 72| 96| 101){0,4}";
    let line = prop_oneof![
        "m=(audio|audio|audio|video)? (0|[1-9][0-9]{0,5}|x) RTP/AVP".prop_map(|line| line),
        "m=audio [1-9][0-9]{3} RTP/S?AVPF?",
    ];
    let attribute = prop_oneof![
        "a=(sendonly|recvonly|inactive|rtcp-mux|ptime:[0-9]{1,3}|rtcp:[0-9]{1,5})\n",
        "a=rtpmap:(8|72|96|101) (PCMA|pcmu|CN|telephone-event|L16)/(8000|16000)\n",
        "c=IN IP[46] (0\\.0\\.0\\.0|::1|192\\.0\\.2\\.[19]|[a-z.]{1,9})\n",
    ];
    let attributes = proptest::collection::vec(attribute, 0..3);
    (line, numbers, attributes)
        .prop_map(|(line, numbers, lines)| format!("{line}{numbers}\n{}", lines.concat()))
}
