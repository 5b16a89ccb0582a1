#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/json/serialize.hpp>
#include <memory>

#include "app/operator_client.h"
#include "app/table.h"
#include "app/verbs.h"

namespace standin {
namespace {

struct FollowUpInput {
  OperatorOptions options;
  bool all = false;
  std::int64_t id = 0;
  std::vector<std::string> words;
  std::string as;
};

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string last_note(const boost::json::value& row) {
  const auto& notes = row.at("notes").as_array();
  if (notes.empty()) return "-";
  return printable(std::string(notes.back().as_string()));
}

void print_rows(const boost::json::array& rows) {
  Table table({"ID", "STATE", "OWNER", "ORDER", "OPENED", "REASON", "LAST NOTE"});
  for (const auto& row : rows) {
    table.add({cell(row, "id"), cell(row, "state"), cell(row, "owner"), cell(row, "order"), cell(row, "opened"),
               cell(row, "reason"), last_note(row)});
  }
  print(table, "No case waits for a person.");
}

int list(const FollowUpInput& input) {
  auto client = OperatorClient::find(input.options);
  if (!client) return report(client.error());
  const auto answer = client->get(input.all ? "followups?all=true" : "followups");
  if (!answer) return report(answer.error());
  if (input.options.json) {
    fmt::print("{}\n", boost::json::serialize(*answer));
  } else {
    print_rows(answer->at("follow_ups").as_array());
  }
  return 0;
}

int act(const FollowUpInput& input, std::string_view action) {
  auto client = OperatorClient::find(input.options);
  if (!client) return report(client.error());
  boost::json::object body{{"action", action}, {"who", person()}};
  if (!input.words.empty()) body["text"] = joined(input.words);
  if (!input.as.empty()) body["as"] = input.as;
  const auto answer = client->send("POST", fmt::format("followups/{}", input.id), body);
  if (!answer) return report(answer.error());
  if (input.options.json) {
    fmt::print("{}\n", boost::json::serialize(*answer));
  } else {
    print_rows({*answer});
  }
  return 0;
}

CLI::App* add_action(CLI::App& verb, const std::string& name, const std::string& description, FollowUpInput& input) {
  auto* action = verb.add_subcommand(name, description)->fallthrough();
  action->add_option("ID", input.id, "The follow-up's number")->required()->check(CLI::PositiveNumber);
  return action;
}

}  // namespace

void add_followups_verb(CLI::App& app, int& status) {
  auto* verb = app.add_subcommand("followups", "Cases for a person: orders that replay could not collect");
  const auto input = std::make_shared<FollowUpInput>();
  add_operator_options(*verb, input->options);
  verb->require_subcommand(0, 1);
  verb->footer(
      "Example:\n  standin followups\n  standin followups take 7\n  standin followups note 7 'called, pays tomorrow'\n"
      "  standin followups close 7 --as collected");

  verb->add_subcommand("list", "Show the open cases")->fallthrough();
  verb->add_flag("--all", input->all, "The closed ones too");
  auto* take = add_action(*verb, "take", "Make a case yours", *input);
  auto* note = add_action(*verb, "note", "Write down what happened", *input);
  note->add_option("TEXT", input->words, "What happened")->required();
  auto* close = add_action(*verb, "close", "End a case", *input);
  close->add_option("--as", input->as, "collected: the money came in; written_off: it will not")
      ->required()
      ->check(CLI::IsMember({"collected", "written_off"}));
  close->add_option("TEXT", input->words, "A last note");

  verb->callback([input, &status, take, note, close] {
    if (take->parsed()) {
      status = act(*input, "take");
    } else if (note->parsed()) {
      status = act(*input, "note");
    } else if (close->parsed()) {
      status = act(*input, "close");
    } else {
      status = list(*input);
    }
  });
}

}  // namespace standin
