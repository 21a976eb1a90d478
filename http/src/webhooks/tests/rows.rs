//! The table of addresses: what each URL shows when it is registered, and what is dialled for it.

use super::super::UrlFault::{
    self, Address, Fragment, NotHttps, PortZero, TooLong, Unreadable, UserInfo,
};

/// What a try does.
#[derive(Clone, Copy)]
pub(super) enum Dial {
    /// The client's connector is never asked.
    No,
    /// The host is an address, and is dialled.
    Itself,
    /// The host is a name: exactly these of its addresses are dialled, in this order. None: the
    /// lookup is where it ends.
    Found(&'static [&'static str]),
}

use Dial::{Found, Itself, No};

pub(super) struct Row {
    pub(super) url: &'static str,
    pub(super) opened: &'static [&'static str],
    /// What DNS says, if it is asked.
    pub(super) names: &'static [&'static str],
    pub(super) registered: Result<(), UrlFault>,
    pub(super) dial: Dial,
}

const PUBLIC: &[&str] = &["93.184.216.34"];

/// Refused as it stands, by a fault of its text; DNS would say something public.
const fn bad(url: &'static str, fault: UrlFault) -> Row {
    Row { url, opened: &[], names: PUBLIC, registered: Err(fault), dial: No }
}

/// Accepted as it stands.
const fn good(url: &'static str, dial: Dial) -> Row {
    Row { url, opened: &[], names: PUBLIC, registered: Ok(()), dial }
}

/// A name that looks like any other and leads to these.
const fn leads(names: &'static [&'static str], dialled: &'static [&'static str]) -> Row {
    let url = "https://hooks.example/";
    Row { url, opened: &[], names, registered: Ok(()), dial: Found(dialled) }
}

/// With networks opened.
const fn opened(
    url: &'static str,
    opened: &'static [&'static str],
    names: &'static [&'static str],
    registered: Result<(), UrlFault>,
    dial: Dial,
) -> Row {
    Row { url, opened, names, registered, dial }
}

const LOOPBACK: &[&str] = &["127.0.0.0/8"];
const TEN: &[&str] = &["10.0.0.0/8"];

pub(super) const ROWS: &[Row] = &[
    // Every spelling of the machine itself.
    bad("https://127.0.0.1/", Address),
    bad("https://127.0.0.1:8443/hook?x=1", Address),
    bad("https://127.255.255.254/", Address),
    bad("https://2130706433/", Address),
    bad("https://0x7f000001/", Address),
    bad("https://0x7f.0.0.1/", Address),
    bad("https://0X7F.1/", Address),
    bad("https://017700000001/", Address),
    bad("https://0177.0.0.1/", Address),
    bad("https://0177.0x0.0.01/", Address),
    bad("https://127.1/", Address),
    bad("https://127.0.1/", Address),
    bad("https://127.0.0.1./", Address),
    bad("https://%31%32%37.0.0.1/", Address),
    bad("https://\u{ff11}\u{ff12}\u{ff17}.0.0.1/", Address),
    bad("https://127。0。0。1/", Address),
    bad("https://①②⑦.⓪.⓪.①/", Address),
    bad("https:127.0.0.1", Address),
    bad("https:\\\\127.0.0.1\\", Address),
    bad("https:////127.0.0.1/", Address),
    bad("https://0/", Address),
    bad("https://0.0.0.0/", Address),
    bad("https://localhost/", Address),
    bad("https://LOCALHOST./", Address),
    bad("https://a.b.localhost/", Address),
    bad("https://\u{ff4c}ocalhost/", Address),
    bad("https://local\u{ad}host/", Address),
    bad("https://[::1]/", Address),
    bad("https://[0:0:0:0:0:0:0:1]:443/", Address),
    bad("https://[::]/", Address),
    bad("https://[::ffff:127.0.0.1]/", Address),
    bad("https://[::ffff:7f00:1]/", Address),
    bad("https://[::127.0.0.1]/", Address),
    bad("https://[64:ff9b::7f00:1]/", Address),
    bad("https://[64:ff9b:1::7f00:1]/", Address),
    bad("https://[2002:7f00:1::]/", Address),
    bad("https://[2001:0:4136:e378:8000:63bf:80ff:fffe]/", Address),
    // Networks that are not the internet.
    bad("https://10.0.0.1/", Address),
    bad("https://012.0.0.1/", Address),
    bad("https://172.16.0.1/", Address),
    bad("https://172.31.255.255/", Address),
    bad("https://192.168.1.1/", Address),
    bad("https://0xc0a80101/", Address),
    bad("https://100.64.0.1/", Address),
    bad("https://100.127.255.255/", Address),
    bad("https://169.254.1.1/", Address),
    bad("https://192.0.0.1/", Address),
    bad("https://192.0.2.1/", Address),
    bad("https://198.18.0.1/", Address),
    bad("https://198.51.100.1/", Address),
    bad("https://203.0.113.1/", Address),
    bad("https://224.0.0.1/", Address),
    bad("https://240.0.0.1/", Address),
    bad("https://255.255.255.255/", Address),
    bad("https://4294967295/", Address),
    bad("https://[fc00::1]/", Address),
    bad("https://[fd12:3456::1]/", Address),
    bad("https://[fe80::1]/", Address),
    bad("https://[fec0::1]/", Address),
    bad("https://[ff02::1]/", Address),
    bad("https://[2001:db8::1]/", Address),
    bad("https://[::ffff:10.0.0.1]/", Address),
    // What tells whoever asks who this machine is.
    bad("https://169.254.169.254/latest/meta-data/", Address),
    bad("https://2852039166/", Address),
    bad("https://0xA9.0xFE.0xA9.0xFE/", Address),
    bad("https://0251.0376.0251.0376/", Address),
    bad("https://[::ffff:a9fe:a9fe]/", Address),
    bad("https://[64:ff9b::a9fe:a9fe]/", Address),
    bad("https://[fd00:ec2::254]/", Address),
    bad("https://100.100.100.200/", Address),
    bad("https://168.63.129.16/", Address),
    bad("https://metadata.google.internal/", Address),
    bad("https://printer.local/", Address),
    bad("https://router.home.arpa./", Address),
    // Faults of the text.
    bad("http://hooks.example/", NotHttps),
    bad("http://93.184.216.34/", NotHttps),
    bad("http://127.0.0.1/", Address),
    bad("ftp://hooks.example/", NotHttps),
    bad("file:///etc/passwd", Unreadable),
    bad("gopher://127.0.0.1:6379/_INFO", NotHttps),
    bad("javascript:alert(1)", Unreadable),
    bad("//hooks.example/", Unreadable),
    bad("hooks.example", Unreadable),
    bad("", Unreadable),
    bad("https://", Unreadable),
    bad("https://:443/", Unreadable),
    bad("https://hooks.example:65536/", Unreadable),
    bad("https://hooks.example:0/", PortZero),
    bad("https://1.2.3.4.5/", Unreadable),
    bad("https://256.0.0.1/", Unreadable),
    bad("https://0x100000000/", Unreadable),
    bad("https://127.0.0.09/", Unreadable),
    bad("https://[::1%25lo]/", Unreadable),
    bad("https://[::1/", Unreadable),
    bad("https://a b.example/", Unreadable),
    bad(" https://hooks.example/", Unreadable),
    bad("https://hooks.example/\t", Unreadable),
    bad("ht\ntps://127.0.0.1/", Unreadable),
    bad("https://user@hooks.example/", UserInfo),
    bad("https://user:pass@hooks.example/", UserInfo),
    bad("https://:pass@hooks.example/", UserInfo),
    bad("https://hooks.example@127.0.0.1/", UserInfo),
    bad("https://127.0.0.1:443@hooks.example/", UserInfo),
    bad("https://hooks.example/#top", Fragment),
    bad("https://hooks.example#@127.0.0.1/", Fragment),
    // The internet.
    good("https://93.184.216.34/", Itself),
    good("https://93.184.216.34:8443/", Itself),
    good("https://0x5db8d822/", Itself),
    good("https://[2606:4700::1111]/", Itself),
    good("https://[::ffff:93.184.216.34]/", Itself),
    good("https://[64:ff9b::5db8:d822]/", Itself),
    good("https://hooks.example/", Found(PUBLIC)),
    good("https://hooks.example./path?query=%00", Found(PUBLIC)),
    good("HTTPS://HOOKS.EXAMPLE:8443/", Found(PUBLIC)),
    good("https://bücher.example/", Found(PUBLIC)),
    good("https://localhost.example/", Found(PUBLIC)),
    good("https://127.0.0.1.nip.example/", Found(PUBLIC)),
    good("https://hooks.example\\@127.0.0.1/", Found(PUBLIC)),
    // What DNS says is judged for each address.
    leads(&["2606:4700::1111", "93.184.216.34"], &["2606:4700::1111", "93.184.216.34"]),
    leads(&["127.0.0.1"], &[]),
    leads(&["::1"], &[]),
    leads(&["0.0.0.0"], &[]),
    leads(&["10.0.0.5", "192.168.0.5", "172.20.0.5"], &[]),
    leads(&["100.64.0.5"], &[]),
    leads(&["169.254.169.254"], &[]),
    leads(&["fd00:ec2::254"], &[]),
    leads(&["::ffff:127.0.0.1"], &[]),
    leads(&["64:ff9b::a00:1"], &[]),
    leads(&["2002:7f00:1::"], &[]),
    leads(&["224.0.0.251", "ff02::fb"], &[]),
    leads(&["93.184.216.34", "127.0.0.1"], PUBLIC),
    leads(&["127.0.0.1", "93.184.216.34"], PUBLIC),
    leads(&["10.0.0.5", "93.184.216.34", "169.254.169.254", "::1"], PUBLIC),
    // What the operator opened.
    opened("http://127.0.0.1:8080/", LOOPBACK, &[], Ok(()), Itself),
    opened("https://127.0.0.1/", LOOPBACK, &[], Ok(()), Itself),
    opened("http://0x7f.1/", LOOPBACK, &[], Ok(()), Itself),
    opened("http://[::ffff:7f00:1]/", LOOPBACK, &[], Ok(()), Itself),
    opened("http://[::1]/", LOOPBACK, &[], Err(Address), No),
    opened("http://10.0.0.1/", LOOPBACK, &[], Err(Address), No),
    opened("http://93.184.216.34/", LOOPBACK, &[], Err(NotHttps), No),
    opened("http://localhost/", LOOPBACK, &["127.0.0.1"], Ok(()), Found(&["127.0.0.1"])),
    opened("http://localhost/", LOOPBACK, &["::1"], Ok(()), Found(&[])),
    opened("http://localhost/", TEN, &["127.0.0.1"], Err(Address), No),
    opened("http://erp.internal/", TEN, &["10.0.0.5"], Ok(()), Found(&["10.0.0.5"])),
    opened("https://erp.internal/", TEN, &["10.0.0.5"], Ok(()), Found(&["10.0.0.5"])),
    opened("http://hooks.example/", TEN, PUBLIC, Ok(()), Found(&[])),
    opened(
        "http://hooks.example/",
        TEN,
        &["93.184.216.34", "10.0.0.5"],
        Ok(()),
        Found(&["10.0.0.5"]),
    ),
    opened("https://hooks.example/", TEN, &["127.0.0.1", "10.0.0.5"], Ok(()), Found(&["10.0.0.5"])),
    opened("http://169.254.169.254/", &["169.254.0.0/16"], &[], Err(Address), No),
    opened("http://hooks.example/", &["0.0.0.0/0"], &["169.254.169.254"], Ok(()), Found(&[])),
    opened("http://user@10.0.0.1/", TEN, &[], Err(UserInfo), No),
    opened("ftp://10.0.0.1/", TEN, &[], Err(NotHttps), No),
];

/// One row more, too long to be written down.
pub(super) fn too_long() -> (String, UrlFault) {
    (format!("https://hooks.example/{}", "a".repeat(2_048)), TooLong)
}
