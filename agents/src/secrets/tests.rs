//! What goes out and what comes back.

use super::*;
use serde_json::json;
use troupe_core::failure::{Failure, FailureKind};
use troupe_core::id::CallId;

const VALUE: &str = "pass\"word";

fn secrets() -> Secrets {
    let given = vec![("KEY".to_owned(), VALUE.to_owned())];
    Secrets::new(given, vec![("models.fast".to_owned(), "sk-1".to_owned())])
}

#[test]
fn values_go_out_for_markers() {
    let marked = format!("Bearer {}", secret::marker("KEY"));
    let command = Command {
        arguments: vec![marked.clone()],
        env: vec![("A".into(), marked.clone())],
        stdin: Some(marked.clone()),
        sandbox: None,
        artifacts: None,
    };
    let revealed = secrets().reveal_command(command);
    let open = format!("Bearer {VALUE}");
    assert_eq!(
        (&revealed.arguments[0], &revealed.env[0].1, revealed.stdin.as_ref()),
        (&open, &open, Some(&open))
    );
    assert_eq!(
        secrets().reveal_value(json!({ "a": [marked] })),
        json!({ "a": [format!("Bearer {VALUE}")] })
    );
    let model = secret::marker("models.fast");
    assert_eq!(
        secrets().reveal(&model),
        model,
        "a model's key is hidden and never given"
    );
}

#[test]
fn markers_come_back_for_values_and_for_nothing_else() {
    let call = CallId(1);
    let reply = Reply {
        message: Arc::new(AssistantMessage {
            text: format!("it is {VALUE}, and I write {} myself", secret::marker("KEY")),
            ..AssistantMessage::default()
        }),
        ..Reply::default()
    };
    let Input::ModelReplied { reply, .. } = secrets().conceal_input(Input::ModelReplied { call, reply }) else {
        panic!("another input came back");
    };
    let text = &reply.message.text;
    assert!(text.starts_with(&format!("it is {}", secret::marker("KEY"))), "{text}");
    assert_eq!(
        secrets().reveal(text).matches(VALUE).count(),
        1,
        "a model cannot make a marker"
    );

    let output = ToolOutput {
        text: json!({ "token": VALUE }).to_string(),
        result: json!({ VALUE: ["sk-1"] }),
        ..ToolOutput::default()
    };
    let failure = Failure::new(FailureKind::Tool, format!("401 for {VALUE}"));
    for input in [
        Input::ToolReplied { call, output },
        Input::CallFailed { call, failure },
        Input::ProcessExited {
            call,
            exit: Exit {
                code: 0,
                stdout: format!("export KEY={VALUE}"),
                stderr: "sk-1".into(),
                artifacts: None,
            },
        },
    ] {
        let shown = format!("{:?}", secrets().conceal_input(input));
        assert!(!shown.contains("word") && !shown.contains("sk-1"), "{shown}");
    }
}
