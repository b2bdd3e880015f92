//! `chrony.conf`: where the time comes from, and how it is taken.
//!
//! The first three answers may set the clock by a step, whether they come seconds or hours after the start: `makestep` counts
//! answers, not time, and anew in a chronyd that was started again. Later the clock only runs a little faster or slower, so that no bell rings twice and none is left out. All
//! servers are asked and the majority is believed; their order says nothing to chrony. It writes below /run only, and opens
//! no port: it serves nobody, and takes orders by a socket of the file system.

use crate::config::TimeSource;

/// What chronyd reads.
pub(super) fn conf(sources: &[TimeSource]) -> String {
    let sources: String = sources.iter().filter_map(source).collect();
    format!("# Written by \"paging boot\" from [time] of paging.conf.\n{sources}{RULES}")
}

fn source(source: &TimeSource) -> Option<String> {
    Some(match source {
        // The script that DHCP's news go to writes files there.
        TimeSource::Dhcp => "sourcedir /run/ntp\n".to_owned(),
        // Of the pool, 2 is the one with addresses of IPv6 as well.
        TimeSource::Pool => "pool 2.pool.ntp.org iburst maxsources 4\n".to_owned(),
        TimeSource::Server(host) => {
            let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
            let is_host = !host.name.is_empty() && host.name.bytes().all(is_letter);
            return is_host.then(|| format!("server {} iburst\n", host.name));
        }
    })
}

/// The same for every box.
const RULES: &str = "\
makestep 1 3
rtcsync
port 0
cmdport 0
bindcmdaddress /run/chrony/chronyd.sock
pidfile /run/chrony/chronyd.pid
driftfile /run/chrony/drift
dumpdir /run/chrony
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;

    fn sources_of(text: &str) -> Vec<String> {
        let settings = load(&[("a", format!("[time]\n{text}").as_bytes())], [], &[]).settings;
        let conf = conf(&settings.time.sources);
        assert!(conf.ends_with(RULES));
        conf[..conf.len() - RULES.len()].lines().skip(1).map(str::to_owned).collect()
    }

    #[test]
    fn everybody_who_is_named_is_asked() {
        assert_eq!(sources_of(""), ["sourcedir /run/ntp", "pool 2.pool.ntp.org iburst maxsources 4"]);
        assert_eq!(
            sources_of("ntp = time.example, 2001:db8::1, dhcp\n"),
            ["server time.example iburst", "server 2001:db8::1 iburst", "sourcedir /run/ntp"]
        );
    }

    #[test]
    fn nothing_is_served_and_nothing_is_written_outside_of_memory() {
        assert!(RULES.contains("\nport 0\n") && RULES.contains("\ncmdport 0\n"));
        let paths = RULES.split_whitespace().filter(|word| word.starts_with('/'));
        assert!(paths.clone().count() >= 4 && paths.clone().all(|path| path.starts_with("/run/chrony")));
    }
}
