//! Where an endpoint may be, as far as its URL shows; every spelling is tried in `http`.

use serde_json::json;

use super::desk::{path, start, tell};
use crate::harness::fresh_key;

const FORBIDDEN: [(&str, &str); 17] = [
    ("http://erp.example/", "must begin with https://"),
    ("ftp://erp.example/", "must begin with https://"),
    ("erp.example/hooks", "is no absolute URL with a host"),
    ("https://", "is no absolute URL with a host"),
    ("https://ann@erp.example/", "must not hold a user name or password"),
    ("https://ann:secret@erp.example/", "must not hold a user name or password"),
    ("https://erp.example/#top", "must not hold a fragment"),
    ("https://erp.example:0/", "must not name port 0"),
    ("https://127.0.0.1/", "must lead to a public address"),
    ("https://2130706433/", "must lead to a public address"),
    ("https://0177.0.0.1/", "must lead to a public address"),
    ("https://0x7f.1/", "must lead to a public address"),
    ("https://[::ffff:10.0.0.1]/", "must lead to a public address"),
    ("https://[fd00::1]/", "must lead to a public address"),
    ("https://100.64.0.1/", "must lead to a public address"),
    ("https://169.254.169.254/latest/meta-data/", "must lead to a public address"),
    ("https://localhost./", "must lead to a public address"),
];

const ALLOWED: [&str; 5] = [
    "https://erp.example",
    "https://erp.example:8443/hooks?from=holdfast&x=%20",
    "https://93.184.216.34/",
    "https://[2606:4700::1111]/hooks",
    "HTTPS://Erp.Example/Hooks",
];

#[tokio::test(flavor = "multi_thread")]
async fn what_an_url_shows_is_judged_at_once() {
    let (server, _) = start().await;
    let boss = server.caller("usr_2", "org_1");
    let known = tell(&boss, "erp", &["*"]).await;
    for (url, reason) in FORBIDDEN {
        let expected = json!([{"pointer": "#/url", "reason": reason}]);
        let body = json!({"url": url, "events": ["*"]});
        let refused = boss.post("/webhook-endpoints", &fresh_key(), &body).await;
        assert_eq!(refused.refused(422, "WEBHOOK_URL_FORBIDDEN")["errors"], expected, "{url}");
        let change = json!({"url": url});
        let refused = boss.put(&path(&known), &fresh_key(), "*", &change).await;
        assert_eq!(refused.refused(422, "WEBHOOK_URL_FORBIDDEN")["errors"], expected, "{url}");
    }
    for url in ALLOWED {
        let body = json!({"url": url, "events": ["*"]});
        let made = boss.post("/webhook-endpoints", &fresh_key(), &body).await.expect(201);
        assert_eq!(made["url"], url, "as sent");
    }
    let all = boss.pages("/webhook-endpoints", 100).await;
    assert_eq!(all.len(), 1 + ALLOWED.len(), "nothing was made of what was refused");
    assert_eq!(all.last().unwrap()["url"], known["url"]);
}
