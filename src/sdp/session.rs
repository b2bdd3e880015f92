//! The descriptions of one call, from the first to the last.

use super::{Description, Direction, Format, Formats, Local, Media, Negotiated, Refusal};

/// What the two ends of a call have said of its media so far, and what follows from it (RFC 3264).
///
/// Either end may offer, at first and again. An offer or answer that is refused leaves everything as it was.
#[derive(Clone, Debug)]
pub struct Session {
    local: Local,
    /// What we said last.
    said: Option<Description>,
    /// Which m= line is ours.
    place: usize,
    agreed: Option<Negotiated>,
    /// What numbers stand for on this call, whoever said so: never anything else (RFC 3264 §8.3.2).
    known: Vec<Format>,
}

impl Session {
    /// A call of which nothing has been said.
    #[must_use]
    pub const fn new(local: Local) -> Self {
        Self { local, said: None, place: 0, agreed: None, known: Vec::new() }
    }

    /// Answers an offer (RFC 3264 §6, §8).
    ///
    /// The first audio stream we can take is taken, or again the one that was; every other m-line comes back with port 0,
    /// in the same order. An offer that only switches our stream off is answered so, and may bring it back later.
    ///
    /// The answer holds one speech codec, the first of *our* formats that is offered. RFC 3264 §6.1 recommends the
    /// offerer's order; ours decides because the owner sets it (`codecs`), and knows what sounds good on a loudspeaker.
    /// One codec only, because then nobody switches in mid-stream, and nothing has to be said again (RFC 3264 §10.2) to
    /// those who cannot. Keys and comfort noise are taken if offered. The direction is the widest that the offer allows,
    /// so `sendrecv` is answered `sendrecv` though we may send nothing but silence: telephones take `recvonly` for hold.
    ///
    /// # Errors
    /// When no stream can be taken; of several reasons the one that came nearest is given.
    pub fn answer(&mut self, offer: &Description) -> Result<(Description, Negotiated), Refusal> {
        let (place, agreed) = match self.choose(offer) {
            Ok((place, agreed)) => (Some(place), agreed),
            Err(refusal) => (None, self.switched_off(offer).ok_or(refusal)?),
        };
        let ours = |(at, stream): (usize, &Media)| {
            if place == Some(at) { self.answering(&agreed) } else { stream.refused() }
        };
        let media = offer.media.iter().enumerate().map(ours).collect();
        if let Some(place) = place {
            self.place = place;
            self.learn(&offer.media[place]);
        }
        self.agreed = Some(agreed.clone());
        Ok((self.say(media, offer.time), agreed))
    }

    /// Offers our end, and says what may arrive from now on: one audio stream, both ways, with all we can (RFC 3264 §5;
    /// RFC 3261 §14.2 for offers within a call). Streams that were refused keep their places.
    pub fn offer(&mut self) -> (Description, Formats) {
        let formats = Formats::offering(&self.local.formats).numbered(&self.known);
        let mut stream = self.local.media(&formats, self.local.ptime, Direction::SendRecv);
        // RTCP is received on either port, so that costs nothing, and one port passes a NAT more easily than two.
        stream.rtcp_mux = true;
        self.learn(&stream);
        let said = self.said.as_ref();
        let time = said.map_or((0, 0), |said| said.time);
        let mut media: Vec<_> = said.map_or(&[][..], |said| &said.media).iter().map(Media::refused).collect();
        match media.get_mut(self.place) {
            Some(ours) => *ours = stream,
            None => media.push(stream),
        }
        (self.say(media, time), formats)
    }

    /// Takes the answer to our offer. It may hold several codecs: the other end may then change from one to another
    /// whenever it likes, and its first is what we send (RFC 3264 §7).
    ///
    /// # Errors
    /// When the answer takes no stream that we could play.
    pub fn accept(&mut self, answer: &Description) -> Result<Negotiated, Refusal> {
        let stream = answer.media.get(self.place).ok_or(Refusal::NoAudio)?;
        let agreed = match self.switched_off(answer) {
            Some(agreed) => agreed,
            None => Negotiated::on(&self.local, (answer, stream), |theirs| {
                let ours = self.offered();
                let sent = |their: &&Format| ours.speech.iter().any(|our| our.is_same_encoding(their));
                Some((ours.accepting(theirs), theirs.speech.iter().find(sent)?.clone()))
            })?,
        };
        self.learn(stream);
        self.agreed = Some(agreed.clone());
        Ok(agreed)
    }

    /// What holds now; `None` before anything was agreed on.
    #[must_use]
    pub const fn agreed(&self) -> Option<&Negotiated> {
        self.agreed.as_ref()
    }

    /// The stream that was ours comes first, so that it keeps its place.
    fn choose(&self, offer: &Description) -> Result<(usize, Negotiated), Refusal> {
        let kept = self.agreed.as_ref().map(|_| self.place);
        let others = (0..offer.media.len()).filter(|&at| kept != Some(at));
        let mut refusal = Refusal::NoAudio;
        for at in kept.into_iter().chain(others) {
            let Some(stream) = offer.media.get(at) else { continue };
            match self.take(offer, stream) {
                Ok(agreed) => return Ok((at, agreed)),
                Err(reason) => refusal = refusal.or_nearer(reason),
            }
        }
        Err(refusal)
    }

    fn take(&self, offer: &Description, stream: &Media) -> Result<Negotiated, Refusal> {
        Negotiated::on(&self.local, (offer, stream), |theirs| {
            let formats = theirs.answered_by(&self.local.formats)?;
            let send = formats.speech.first()?.clone();
            Some((formats, send))
        })
    }

    /// What we agree on when `theirs` switches off what there was, and offers nothing in its place.
    fn switched_off(&self, theirs: &Description) -> Option<Negotiated> {
        let agreed = self.agreed.as_ref()?;
        let is_off = theirs.media.len() > self.place && theirs.media.iter().all(|stream| stream.port == 0);
        is_off.then(|| agreed.switched_off())
    }

    fn answering(&self, agreed: &Negotiated) -> Media {
        let stream = self.local.media(&agreed.formats, agreed.ptime, agreed.direction);
        Media { rtcp_mux: agreed.rtcp_mux, ..stream }
    }

    /// What we offered last.
    fn offered(&self) -> Formats {
        let stream = self.said.as_ref().and_then(|said| said.media.get(self.place));
        stream.map(Formats::of).unwrap_or_default()
    }

    /// Remembers what the numbers of `stream` stand for; there are 128 at most.
    fn learn(&mut self, stream: &Media) {
        for format in stream.payload_formats() {
            self.known.retain(|known| known.payload_type != format.payload_type);
            self.known.push(format);
        }
    }

    /// Says it, under the version of before if it is what we said before, else under the next one (RFC 3264 §8).
    fn say(&mut self, media: Vec<Media>, time: (u64, u64)) -> Description {
        let mut description = self.local.description(media, time);
        if let Some(said) = &self.said {
            description.origin.version = said.origin.version;
        }
        if self.said.as_ref() != Some(&description) {
            description.origin.version += 1;
        }
        self.said = Some(description.clone());
        description
    }
}
