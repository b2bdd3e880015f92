//! No secret of a configuration is ever printed: by whatever prints settings, what became of them, or what was wrong with
//! them.

use core::fmt::{Debug, Write};

use super::sip_trace::Trace;
use crate::config::{Loaded, load, table};
use crate::sip::digest::Identity;
use crate::sip::registration::Account;
use crate::sip::wire::SipUri;
use crate::sip::{Demand, EndpointConfig};

/// Every key that holds a secret: its section and its name.
fn secret_keys() -> Vec<(String, &'static str)> {
    let header = |section: &table::Section| match section.naming {
        table::Naming::Always => format!("{} hall", section.kind),
        table::Naming::Maybe | table::Naming::Never => section.kind.to_owned(),
    };
    let keys = |section: &'static table::Section| section.keys.iter().filter(|key| key.kind.is_secret());
    let keys = |section| keys(section).map(move |key| (header(section), key.name));
    table::SECTIONS.iter().flat_map(keys).collect()
}

/// Everything that can be printed of a configuration.
fn printed(loaded: &Loaded) -> String {
    let mut text = format!("{loaded:?}\n{loaded:#?}\n");
    let mut print = |what: &dyn Debug| write!(text, "{what:?}\n{what:#?}\n").unwrap();
    print(&loaded.settings);
    for account in loaded.settings.accounts.iter().chain([&loaded.settings.sip.account]) {
        print(account);
        let Ok(identity) = Identity::new(account.prover(), &account.pass) else { continue };
        print(&identity);
        let demand = Demand { realm: "paging".to_owned(), identity: identity.clone() };
        let config = EndpointConfig { demand: Some(demand), ..EndpointConfig::new("501") };
        print(&config);
        let mut trace = Trace::with(config);
        trace.endpoint.add_account(Account::new(
            SipUri::at("192.0.2.9:5060".parse().unwrap()).with_user("501"),
            identity,
        ));
        print(&trace.endpoint);
    }
    loaded.given.iter().for_each(|given| print(given));
    for diagnostic in &loaded.diagnostics {
        writeln!(text, "{diagnostic}\n{}\n{diagnostic:?}", diagnostic.message()).unwrap();
    }
    text
}

#[test]
fn a_right_secret_is_not_printed() {
    let keys = secret_keys();
    assert!(keys.len() >= 3, "{keys:?}");
    let mut file =
        "[sip]\ndomain = pbx.example\nuser = 501\n[sip yard]\nuser = 502\npass = Geheim\n".to_owned();
    for (section, key) in &keys {
        write!(file, "[{section}]\n{key} = Geheim;#1 \"2\"\n").unwrap();
    }
    let variables = keys.iter().map(|(section, key)| {
        let names = [section.as_str(), key].map(|name| name.to_uppercase().replace([' ', '-'], "_"));
        (format!("PAGING_{}__{}", names[0], names[1]), "Geheim".to_owned())
    });
    let sets: Vec<_> = keys.iter().map(|(section, key)| format!("{section}.{key}=Geheim")).collect();
    for loaded in [
        load(&[("paging.conf", file.as_bytes())], [], &[]),
        load(&[("paging.conf", file.as_bytes())], variables, &sets),
    ] {
        assert!(loaded.given.iter().any(|given| given.is_secret && given.text.contains("Geheim")));
        assert!(loaded.settings.accounts.iter().all(|account| account.pass.contains("Geheim")));
        let printed = printed(&loaded);
        assert!(!printed.contains("Geheim"), "{printed}");
    }
}

#[test]
fn a_secret_is_not_printed_whatever_is_wrong_around_it() {
    for (section, key) in secret_keys() {
        let files = [
            format!("[{section}]\n{key} = Geheim\u{7}\n"),
            format!("[{section}]\n{key} = Geheim\n{key} = Geheim 2\n"),
            format!("[{section}]\n{key}s = Geheim\n"),
            format!("[{section}]\n{key} Geheim\n"),
            format!("[{section}x]\n{key} = Geheim\n"),
            format!("[{section}\n{key} = Geheim\n"),
            format!("{key} = Geheim\n"),
            format!("[audio]\n{key} = Geheim\n"),
        ];
        for file in files {
            let loaded = load(&[("paging.conf", file.as_bytes())], [], &[]);
            assert!(!loaded.diagnostics.is_empty() || key != "pass", "{file}");
            let printed = printed(&loaded);
            assert!(!printed.contains("Geheim"), "{file}{printed}");
        }
        let wrong = [
            format!("{section}.{key}=Geheim\u{7}"),
            format!("{section}.{key}s=Geheim"),
            format!("x{section}.{key}=Geheim"),
            format!("{section} {key}=Geheim"),
        ];
        for set in wrong {
            let printed = printed(&load(&[], [], std::slice::from_ref(&set)));
            assert!(printed.contains("error: ") && !printed.contains("Geheim"), "{set}: {printed}");
        }
    }
}
