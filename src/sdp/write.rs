//! Writing a [`Description`].

use core::fmt::{self, Write};

use super::{Description, Media};

impl Description {
    /// The description as bytes. Lines end in CR LF; no value, whatever it holds, can begin a line of its own.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = Lines(String::with_capacity(256));
        // Writing into a String does not fail.
        let _ = write_session(self, &mut text);
        text.0.into_bytes()
    }
}

/// Takes one line per write, and lets no control character out of it.
struct Lines(String);

impl Lines {
    fn line(&mut self, content: fmt::Arguments<'_>) -> fmt::Result {
        let start = self.0.len();
        self.0.write_fmt(content)?;
        if self.0[start..].chars().any(char::is_control) {
            let clean: String = self.0[start..].chars().filter(|c| !c.is_control()).collect();
            self.0.truncate(start);
            self.0.push_str(&clean);
        }
        self.0.push_str("\r\n");
        Ok(())
    }
}

fn write_session(description: &Description, text: &mut Lines) -> fmt::Result {
    let origin = &description.origin;
    text.line(format_args!("v=0"))?;
    text.line(format_args!("o={} {} {} {}", origin.user, origin.session_id, origin.version, origin.address))?;
    // A dash is what RFC 3264 §5 wants from a session without a name.
    text.line(format_args!("s=-"))?;
    if let Some(address) = &description.address {
        text.line(format_args!("c={address}"))?;
    }
    text.line(format_args!("t={} {}", description.time.0, description.time.1))?;
    if let Some(direction) = description.direction {
        text.line(format_args!("a={direction}"))?;
    }
    description.media.iter().try_for_each(|media| write_media(media, text))
}

fn write_media(media: &Media, text: &mut Lines) -> fmt::Result {
    let Media { kind, port, protocol, formats, .. } = media;
    text.line(format_args!("m={kind} {port} {protocol} {}", formats.join(" ")))?;
    if let Some(address) = &media.address {
        text.line(format_args!("c={address}"))?;
    }
    for map in &media.rtpmaps {
        text.line(format_args!("a=rtpmap:{map}"))?;
    }
    for parameters in &media.parameters {
        text.line(format_args!("a=fmtp:{parameters}"))?;
    }
    if let Some(ptime) = media.ptime {
        text.line(format_args!("a=ptime:{}", ptime.as_millis()))?;
    }
    if let Some(maxptime) = media.maxptime {
        text.line(format_args!("a=maxptime:{}", maxptime.as_millis()))?;
    }
    if let Some(direction) = media.direction {
        text.line(format_args!("a={direction}"))?;
    }
    if let Some(rtcp) = &media.rtcp {
        text.line(format_args!("a=rtcp:{rtcp}"))?;
    }
    if media.rtcp_mux {
        text.line(format_args!("a=rtcp-mux"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_lines_in_the_order_of_the_rfc() {
        let text = "v=0\r\no=- 1 2 IN IP6 ::1\r\ns=-\r\nc=IN IP6 ::1\r\nt=0 0\r\na=inactive\r\n\
            m=audio 4000 RTP/AVP 8 97 101\r\nc=IN IP4 192.0.2.1\r\na=rtpmap:97 iLBC/8000\r\n\
            a=rtpmap:101 telephone-event/8000\r\na=fmtp:97 mode=20\r\na=fmtp:101 0-15\r\na=ptime:20\r\n\
            a=maxptime:40\r\na=sendrecv\r\na=rtcp:5001 IN IP4 192.0.2.2\r\na=rtcp-mux\r\n\
            m=audio 4 RTP/AVP 0\r\na=rtcp:53020\r\nm=video 0 RTP/AVP 31\r\n";
        let description = Description::parse(text.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(description.to_bytes()).unwrap(), text);
    }

    #[test]
    fn a_value_cannot_begin_a_line() {
        let mut description = Description::parse(b"v=0\nm=audio 4000 RTP/AVP 0\n").unwrap();
        description.origin.user = "x\r\nm=video".to_owned();
        let text = String::from_utf8(description.to_bytes()).unwrap();
        assert_eq!(text.lines().filter(|line| line.starts_with("m=")).count(), 1, "{text}");
    }
}
