#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "proxon/base/error.hpp"
#include "proxon/base/progress.hpp"
#include "proxon/base/ranks.hpp"
#include "proxon/cli/verbs.hpp"
#include "proxon/experiment/version.hpp"

namespace proxon::cli {

const std::vector<Verb>& verbs() {
  static const std::vector<Verb> all = [] {
    std::vector<Verb> list;
    for (auto make : {run_verbs, sweep_verbs, predict_verbs, export_verbs, plugin_verbs, archive_verbs, reference_verbs})
      for (Verb& verb : make()) list.push_back(std::move(verb));
    return list;
  }();
  return all;
}

void check_no_input(const std::string& path, std::span<const std::string> inputs, std::string_view option) {
  const std::filesystem::file_status there = std::filesystem::status(path);
  if (!std::filesystem::exists(there)) return;
  if (!std::filesystem::is_regular_file(there)) fail("{}: is no file that can be replaced; give another name with {}.", path, option);
  for (const std::string& input : inputs) {
    std::error_code none;
    if (std::filesystem::equivalent(path, input, none)) fail("{}: is what this command reads, and would be lost; give another name with {}.", path, option);
  }
}

void check_output(const std::string& path, bool overwrite, std::span<const std::string> inputs, std::string_view option) {
  check_no_input(path, inputs, option);
  if (!overwrite && std::filesystem::exists(path)) fail("{}: exists already; give --overwrite, or another name with {}.", path, option);
}

std::string help() {
  std::string text =
      "proxon: from a biological neural network to its deep twin.\n\n"
      "  proxon run EXPERIMENT.toml     network -> simulate -> record -> dataset -> fit -> evaluate -> report\n\n"
      "verbs:\n";
  for (const Verb& verb : verbs()) text += fmt::format("  {:<36} {}\n", verb.name + " " + verb.arguments, verb.summary);
  return text + "\n  proxon VERB --help says more of one; proxon --version tells the version.\n";
}

std::string help(const Verb& verb) {
  std::ostringstream options;
  options << verb.options;
  return fmt::format("proxon {} {}\n\n{}\n{}{}{}\n", verb.name, verb.arguments, verb.summary, verb.details.empty() ? "" : "\n" + verb.details + "\n",
                     options.str().empty() ? "" : "\n", options.str());
}

namespace {

/// The verb that the first one or two words name; says which is near when there is none.
const Verb& find_verb(const std::vector<std::string>& words, size_t& used) {
  for (size_t n : {size_t{2}, size_t{1}}) {
    if (words.size() < n) continue;
    const std::string name = n == 2 ? words[0] + " " + words[1] : words[0];
    for (const Verb& verb : verbs())
      if (verb.name == name) return used = n, verb;
  }
  std::vector<std::string> names, below;
  for (const Verb& verb : verbs()) {
    names.push_back(verb.name);
    if (verb.name.starts_with(words[0] + " ")) below.push_back("`proxon " + verb.name + "`");
  }
  if (words.size() == 1 && !below.empty()) fail("'{}' needs a second word: {}.", words[0], fmt::join(below, ", "));
  const std::string tried = words.size() > 1 && (words[0] == "plugin" || words[0] == "archive") ? words[0] + " " + words[1] : words[0];
  fail("there is no verb '{}'.{} `proxon --help` lists them.", tried, did_you_mean(tried, names));
}

int run_verb(const std::vector<std::string>& words) {
  size_t used = 0;
  const Verb& verb = find_verb(words, used);
  if (ranks() > 1 && !verb.on_ranks) fail("proxon {} runs in one process; start it without mpirun.", verb.name);
  po::options_description all;
  all.add(verb.options).add_options()("help,h", "say what this verb does")("arguments", po::value<std::vector<std::string>>());
  po::positional_options_description positional;
  positional.add("arguments", -1);
  Call call;
  try {
    po::store(po::command_line_parser(std::vector<std::string>(words.begin() + static_cast<long>(used), words.end()))
                  .options(all)
                  .positional(positional)
                  .run(),
              call.options);
  } catch (const po::unknown_option& error) {
    std::vector<std::string> names;
    for (const auto& option : all.options()) names.push_back("--" + option->long_name());
    fail("proxon {} has no option '{}'.{} `proxon {} --help` lists them.", verb.name, error.get_option_name(),
         did_you_mean(error.get_option_name(), names), verb.name);
  } catch (const po::error& error) {
    fail("proxon {}: {}.", verb.name, error.what());
  }
  if (call.has("help")) {
    fmt::print("{}", help(verb));
    return 0;
  }
  if (call.has("arguments")) call.arguments = call.options["arguments"].as<std::vector<std::string>>();
  const int n = static_cast<int>(call.arguments.size());
  if (n < verb.least || n > verb.most) fail("usage: proxon {} {}.", verb.name, verb.arguments);
  return verb.run(call);
}

/// Says the one sentence on standard error, on several ranks that of the lowest which failed; texts of plugins may come without their full stop.
/// Returns the status.
int end_with(std::string_view begin, const std::string& mine, int status) {
  const std::string sentence = failed_on_rank(mine);
  if (rank() > 0) return 0;
  std::fflush(stdout);
  const bool ended = !sentence.empty() && std::string_view(".?!").find(sentence.back()) != std::string_view::npos;
  fmt::print(stderr, "proxon: {}{}{}\n", begin, sentence, ended ? "" : ".");
  return status;
}

}  // namespace
}  // namespace proxon::cli

static int program(int argc, char** argv) {
  using namespace proxon;
  const std::vector<std::string> words(argv + 1, argv + argc);
  try {
    watch_signals();
    if (words.empty() || words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
      fmt::print("{}", cli::help());
      return words.empty() ? 2 : 0;
    }
    if (words[0] == "--version") {
      fmt::print("proxon {}\n", version_text());
      return 0;
    }
    join_ranks();
    const int status = cli::run_verb(words);
    leave_ranks();
    return status;
  } catch (const Elsewhere&) {
    return 0;  // the first rank says why, and has the status
  } catch (const Interrupted& error) {
    return cli::end_with("", error.what(), 130);
  } catch (const Error& error) {
    return cli::end_with("error: ", error.what(), 1);
  } catch (const std::bad_alloc&) {
    return cli::end_with("error: ", "not enough memory; `proxon describe` says how much an experiment needs.", 1);
  } catch (const std::exception& error) {
    return cli::end_with("internal error: ", error.what(), 70);
  }
}

int main(int argc, char** argv) {
  const int status = program(argc, argv);
  std::fflush(nullptr);
  // After an error nothing more is written: HDF5's own closing at exit crashes when the disk under an open file is full.
  if (status != 0) std::_Exit(status);
  return 0;
}
