//! Prompts beside those of the reference, byte for byte.

use super::super::tests::{ask, expected, request, search, template, tool};
use super::*;
use serde_json::json;
use troupe_core::message::Message;
use troupe_core::types::Type;

#[test]
fn prompts_are_those_of_transformers() {
    let expected = expected();
    let mut refused = 0;
    for (family, made) in expected["templates"].as_object().unwrap() {
        let template = template(family);
        let prompts = made["prompts"].as_array().unwrap().chunks(2);
        for (case, prompts) in expected["cases"].as_array().unwrap().iter().zip(prompts) {
            for (prompt, thinking) in prompts.iter().zip([true, false]) {
                let rendered = template.render(&request(case), thinking);
                match prompt.as_str() {
                    Some(prompt) => assert_eq!(rendered.as_deref(), Ok(prompt), "{family}"),
                    None => {
                        let reason = prompt["refused"].as_str().unwrap();
                        assert!(rendered.unwrap_err().contains(reason), "{family}");
                        refused += 1;
                    }
                }
            }
        }
    }
    assert_eq!(refused, 2);
}

#[test]
fn prompts_of_siblings_begin_alike() {
    let tools = vec![search(), tool("read_chunk", json!({ "type": "object" }))];
    for family in ["qwen2", "qwen3", "chatml"] {
        let template = template(family);
        let render = |text: &str| template.render(&ask(text, tools.clone(), Type::String), true).unwrap();
        let (one, other) = (render("Otters?"), render("Bats?"));
        let head = one.split_once("Otters?").unwrap().0;
        assert!(head.contains("read_chunk") && other.starts_with(head), "{family}");
    }
}

fn plain(source: &str) -> Template {
    Template::new(&Source::from(source.to_owned()), SpecialTexts::new()).unwrap()
}

#[test]
fn what_a_template_cannot_show_is_written_into_what_it_can() {
    let strict = "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('alternate!') }}\
                  {% endif %}[{{ m.role }}]{{ m.content }}{% endfor %}";
    let mut request = ask("Who sleeps?", vec![search()], Type::String);
    request
        .messages
        .push(std::sync::Arc::new(Message::User { text: "Hurry.".into() }));
    insta::assert_snapshot!(plain(strict).render(&request, true).unwrap(), @r#"
    [user]You are terse.

    You may call these functions:
    <tools>
    {"type":"function","function":{"name":"keyword_search","description":"","parameters":{"type":"object","properties":{"keywords":{"type":"array","items":{"type":"string"}},"top_k":{"type":"integer","minimum":1,"maximum":20}},"required":["keywords"]}}}
    </tools>

    For each call, write a JSON object with the function's name and arguments between marks:
    <tool_call>
    {"name": <name>, "arguments": <object>}
    </tool_call>

    Who sleeps?

    Hurry.
    "#);
}

#[test]
fn a_model_that_is_told_in_words_how_to_call_writes_as_it_was_told() {
    // As distilled R1 models have it: calls are shown, tools are not.
    let distilled = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% for call in m.tool_calls or [] %}<｜tool▁call▁begin｜>\
                     {{ call.function.name }}<｜tool▁sep｜>{% endfor %}{% endfor %}<think>\n{# </think> #}";
    let listed = "{% for m in messages %}{{ m.content }}{# [TOOL_CALLS] #}{% endfor %}";
    for (source, thinks) in [(distilled, true), (listed, false)] {
        let template = plain(source);
        let dialect = Dialect {
            calls: Calls::Tagged,
            thinks,
        };
        assert_eq!(template.dialect(), dialect);
        let prompt = template
            .render(&ask("Who?", vec![search()], Type::String), true)
            .unwrap();
        assert!(
            prompt.contains("<tool_call>\n{\"name\": <name>") && prompt.contains("keyword_search"),
            "{prompt}"
        );
    }
}

#[test]
fn a_refusal_is_told_in_the_words_of_the_template() {
    let picky =
        "{% if messages|length > 1 %}{{ raise_exception('One at a time!') }}{% endif %}{{ messages[0].content }}";
    let mut request = ask("Who?", Vec::new(), Type::String);
    request
        .messages
        .push(std::sync::Arc::new(Message::Assistant(Default::default())));
    let error = plain(picky).render(&request, true).unwrap_err();
    assert_eq!(error, "the model's chat template refuses this: One at a time! (line 1)");
}

#[test]
fn templates_that_cannot_be_used_are_refused_at_once() {
    let error = |source: &str| {
        Template::new(&Source::from(source.to_owned()), SpecialTexts::new())
            .err()
            .unwrap()
    };
    insta::assert_snapshot!(error("{% for %}"), @"the chat template cannot be read: unexpected end of block, expected in (line 1)");
    insta::assert_snapshot!(error("{{ messages[0].content }}{{ now() }}"), @"the model's chat template fails: now is unknown (line 1)");
    insta::assert_snapshot!(error("hello"), @"the model's chat template does not show a user's message");
}

#[test]
fn python_is_written_as_python_does() {
    let given = |expression: &str| {
        let prompt = plain(&format!(
            "{{{{ messages[0].content }}}}{{% set s = {{'b': [1, 'é<'], 'a': none}} %}}|{{{{ {expression} }}}}"
        ));
        prompt.render(&ask("", Vec::new(), Type::String), true).unwrap()
    };
    let shown = |expression: &str| given(expression).rsplit_once('|').unwrap().1.to_owned();
    assert_eq!(shown("s | tojson"), r#"{"b": [1, "é<"], "a": null}"#);
    assert_eq!(
        shown("s | tojson(separators=[',', ':'], sort_keys=true)"),
        r#"{"a":null,"b":[1,"é<"]}"#
    );
    assert_eq!(
        shown("s | tojson(indent=1)"),
        "{\n \"b\": [\n  1,\n  \"é<\"\n ],\n \"a\": null\n}"
    );
    assert_eq!(
        shown("s | tojson(ensure_ascii=true)"),
        r#"{"b": [1, "\u00e9<"], "a": null}"#
    );
    assert_eq!(shown("[none, true]|first ~ (1 == 1)"), "NoneTrue");
    assert_eq!(shown("enable_thinking"), "True");
}

#[test]
fn marks_of_trainers_show_nothing() {
    let marked =
        plain("{% for m in messages %}\n{%- generation %}\n{{ m.content }}\n{%- endgeneration %}\n{% endfor %}");
    assert_eq!(
        marked
            .render(&ask("Who?", Vec::new(), Type::String), true)
            .unwrap()
            .trim(),
        "You are terse.Who?"
    );
}

#[test]
fn a_template_may_begin_the_thought() {
    let opened = "{{ messages[0].content }}{% if enable_thinking %}<think>\n{% endif %}</think>"
        .replace("</think>", "{# </think> #}");
    let template = plain(&opened);
    assert!(template.dialect().thinks);
    assert_eq!([template.opens(true), template.opens(false)], [true, false]);
}

#[test]
fn the_date_is_told_to_templates_that_cannot_do_without() {
    let render = |source: &str| plain(source).render(&ask("", Vec::new(), Type::String), true).unwrap();
    let needed = render("{{ messages[0].content }}{{ strftime_now('%Y') }}");
    assert!(needed.ends_with(|last: char| last.is_ascii_digit()), "{needed}");
    let optional = render("{{ messages[0].content }}{{ strftime_now('%Y') if strftime_now is defined else 'never' }}");
    assert!(optional.ends_with("never"), "{optional}");
}

#[test]
fn nothing_is_no_list() {
    let asked = plain(
        "{{ tools | tojson if tools is iterable else 'none' }}{% for m in messages %}{{ m.content }}{% endfor %}",
    );
    let render = |tools| asked.render(&ask("", tools, Type::String), true).unwrap();
    assert!(render(Vec::new()).starts_with("none"));
    assert!(render(vec![search()]).starts_with("[{"));
}
