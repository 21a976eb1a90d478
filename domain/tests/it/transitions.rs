//! Every pair of a booking's state and a command.

use crate::{scenario::run, world::World};

/// How a booking of 09:00~10:00 comes into each state, and when it is asked something then.
const STATES: [(&str, &str, &str); 9] = [
    ("PENDING_APPROVAL", "08:50", ""),
    ("CONFIRMED", "08:50", "boss approve #1 => CONFIRMED"),
    ("CHECKED_IN", "09:30", "boss approve #1 => CONFIRMED; ann check-in #1 => CHECKED_IN"),
    ("overdue", "10:05", "boss approve #1 => CONFIRMED; ann check-in #1 => CHECKED_IN"),
    (
        "CHECKED_OUT",
        "09:30",
        "boss approve #1 => CONFIRMED; ann check-in #1 => CHECKED_IN; ann check-out #1 => CHECKED_OUT",
    ),
    ("CANCELLED", "09:30", "ann cancel #1 => CANCELLED"),
    ("REJECTED", "09:30", "boss reject #1 => REJECTED"),
    ("EXPIRED", "09:30", ""),
    ("NO_SHOW", "10:05", "boss approve #1 => CONFIRMED"),
];

/// `-` is `INVALID_TRANSITION` with the state.
const ANSWERS: &str = "
                   approve    reject    check-in    check-out    cancel     patch       adjust
PENDING_APPROVAL   CONFIRMED  REJECTED  -           -            CANCELLED  -           -
CONFIRMED          -          -         CHECKED_IN  -            CANCELLED  CONFIRMED   -
CHECKED_IN         -          -         -           CHECKED_OUT  -          CHECKED_IN  -
overdue            -          -         -           CHECKED_OUT  -          CHECKED_IN  -
CHECKED_OUT        -          -         -           -            -          -           CHECKED_OUT
CANCELLED          -          -         -           -            -          -           CANCELLED
REJECTED           -          -         -           -            -          -           REJECTED
EXPIRED            -          -         -           -            -          -           EXPIRED
NO_SHOW            -          -         -           -            -          -           NO_SHOW
";

#[test]
fn each_state_answers_each_command() {
    let mut lines = ANSWERS.lines().skip(1);
    let commands: Vec<&str> = lines.next().unwrap().split_whitespace().collect();
    let mut asked = 0;
    for (line, (state, time, history)) in lines.zip(STATES) {
        let (named, answers) = line.split_once(' ').unwrap();
        assert_eq!(named, state, "in the same order");
        for (command, answer) in commands.iter().zip(answers.split_whitespace()) {
            ask(time, history, command, &answer_in(state, answer));
            asked += 1;
        }
    }
    assert_eq!(asked, 9 * 7);
}

fn answer_in(state: &str, answer: &str) -> String {
    match (answer, state) {
        ("-", "overdue") => "kept INVALID_TRANSITION CHECKED_IN".into(),
        ("-", _) => format!("kept INVALID_TRANSITION {state}"),
        _ => answer.into(),
    }
}

fn ask(time: &str, history: &str, command: &str, answer: &str) {
    let arguments = match command {
        "patch" => "extend #1 10:30",
        "adjust" => "adjust #1 100",
        _ => &format!("{command} #1"),
    };
    let mut world = World::with_terms(Some(r#"{"approval":{"required":true}}"#.into()));
    run(&mut world, "07:00 ann book 09:00~10:00 => PENDING_APPROVAL");
    for step in history.split(';').filter(|step| !step.is_empty()) {
        // Check-ins and check-outs need the window to have come.
        let at = if step.contains("check") { "09:00" } else { "07:30" };
        run(&mut world, &format!("{at} {step}"));
    }
    run(&mut world, &format!("{time} boss {arguments} => {answer}"));
    world.check_all();
}
