// The command line is frozen: a changed golden text is a changed interface, reviewed as such.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/cli/run_reckon.hpp"
#include "tests/reports/golden.hpp"

namespace reckon {
namespace {

const std::vector<std::string> commands{"simulate",  "schedule", "plan",   "validate",
                                        "calibrate", "network",  "import", "compare",
                                        "catalog",   "schema",   "help"};

std::string help_of(const std::vector<std::string>& arguments) {
  const Outcome outcome = Folder().run(arguments);
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.err, "");
  return outcome.out;
}

TEST(CommandLine, HelpIsFrozen) {
  expect_golden(help_of({"--help"}), "tests/golden/cli/help.txt");
  for (const std::string& command : commands) {
    expect_golden(help_of({command, "--help"}), "tests/golden/cli/help_" + command + ".txt");
  }
}

TEST(CommandLine, HelpCanBeAskedForInSeveralWays) {
  EXPECT_EQ(help_of({"-h"}), help_of({"--help"}));
  EXPECT_EQ(help_of({"help"}), help_of({"--help"}));
  for (const std::string& command : commands) {
    EXPECT_EQ(help_of({"help", command}), help_of({command, "--help"}));
    EXPECT_EQ(help_of({command, "-h"}), help_of({command, "--help"}));
  }
}

TEST(CommandLine, HelpFitsATerminal) {
  for (const std::string& command : commands) {
    std::istringstream text(help_of({command, "--help"}));
    for (std::string line; std::getline(text, line);) EXPECT_LE(line.size(), 100U) << line;
  }
}

TEST(CommandLine, TellsItsVersion) { EXPECT_EQ(help_of({"--version"}), "reckon 0.1.0\n"); }

TEST(CommandLine, AloneIsHelpOnStandardError) {
  const Outcome outcome = Folder().run({});
  expect_failure(outcome, 2, {"Examples:", "no command given"});
  EXPECT_EQ(outcome.err.find(help_of({"--help"})), 0U);
}

TEST(CommandLine, AnUnknownCommand) {
  const Folder folder;
  const std::string all =
      "there are simulate, schedule, plan, validate, calibrate, network, import, compare, catalog, "
      "schema, help\n";
  expect_failure(folder.run({"simulat", v3}), 2,
                 {"simulat: unknown command; did you mean \"simulate\"? " + all});
  expect_failure(folder.run({"zzz"}), 2, {"zzz: unknown command; " + all});
  expect_failure(folder.run({"help", "zzz"}), 2, {"zzz: unknown command; " + all});
  expect_failure(folder.run({"--bad"}), 2, {"--bad: unknown option", "no command given"});
  expect_failure(folder.run({"catalog", "schema"}), 2, {"schema: a second command; give one"});
}

TEST(CommandLine, AnUnknownOption) {
  const Folder folder;
  expect_failure(folder.run({"simulate", v3, "--efects", "none", "-u"}), 2,
                 {"--efects: unknown option; did you mean \"--effects\"? reckon help simulate",
                  "-u: unknown option; reckon help simulate", "(2 problems)"});
  expect_failure(folder.run({"schedule", v3, "--effects=none"}), 2,
                 {"--effects: unknown option; reckon help schedule lists the options"});
  expect_failure(folder.run({"--effects", "none", "simulate", v3}), 2,
                 {"--effects: stands before the command; write it behind \"simulate\""});
  expect_failure(folder.run({"simulate", v3, "extra"}), 2,
                 {"extra: one word too many; usage: reckon simulate PLAN"});
}

TEST(CommandLine, AValueThatIsMissingOrTooMuch) {
  const Folder folder;
  expect_failure(folder.run({"simulate", v3, "--json"}), 2, {"--json: has no value"});
  expect_failure(folder.run({"simulate", v3, "--json", "--unfold"}), 2,
                 {"--json: has no value; --unfold is an option"});
  expect_failure(folder.run({"simulate", v3, "--json", "a", "--json", "b"}), 2,
                 {"--json: given more than once"});
  expect_failure(folder.run({"simulate", v3, "--unfold=x"}), 2, {"--unfold: takes no value"});
  for (const char* option : {"--json", "--csv", "--trace", "--model", "--cluster", "--device",
                             "--effects", "--usd-per-gpu-hour", "--width", "--data"}) {
    expect_failure(folder.run({"simulate", v3, option, ""}), 2,
                   {std::string(option) + ": the value is empty", "(1 problem)"});
  }
  EXPECT_TRUE(folder.names().empty());
}

TEST(CommandLine, ThereIsNoPlanWithoutAPlan) {
  for (const char* command : {"simulate", "schedule"}) {
    expect_failure(Folder().run({command}), 2, {"no plan given", "\n  " + v3 + "\n"});
  }
  expect_failure(Folder().run({"simulate", ""}), 2, {"no plan given"});
}

TEST(CommandLine, Numbers) {
  const Folder folder;
  for (const char* price : {"nan", "inf", "-1", "1e400", "1e7", "abc", "0x10", "1,5", " 2", "2 "}) {
    expect_failure(folder.run({"simulate", v3, "--usd-per-gpu-hour", price}), 2,
                   {"--usd-per-gpu-hour: \"" + std::string(price) +
                    "\" is no number from 0 to 1000000 dollars"});
  }
  for (const char* width : {"3", "39", "401", "-100", "1e9", "wide"}) {
    expect_failure(folder.run({"simulate", v3, "--width", width}), 2,
                   {"--width: \"" + std::string(width) + "\" is no number from 40 to 400 columns"});
  }
}

TEST(CommandLine, Effects) {
  const Folder folder;
  expect_failure(folder.run({"simulate", v3, "--effects", "clokc,none,CLOCK"}), 2,
                 {"unknown effect \"clokc\"; did you mean \"clock\"? give all, none, or some of",
                  "--effects: \"none\" stands alone", "unknown effect \"CLOCK\"", "(3 problems)"});
  expect_failure(folder.run({"simulate", v3, "--effects", "clock,"}), 2, {"unknown effect \"\""});
}

TEST(CommandLine, EveryProblemAtOnce) {
  const Outcome outcome = Folder().run({"simulate",
                                        v3,
                                        "--model",
                                        "nope",
                                        "--cluster",
                                        "nop",
                                        "--device",
                                        "n",
                                        "--effects",
                                        "zip",
                                        "--usd-per-gpu-hour",
                                        "-1",
                                        "--width",
                                        "3",
                                        "--color",
                                        "red",
                                        "--json",
                                        "none/x",
                                        "--trace",
                                        "x.txt",
                                        "--what"});
  expect_failure(outcome, 2,
                 {"--model: nope: no such model", "--cluster: nop: no such cluster",
                  "--device: n: no such device", "--effects: ", "--usd-per-gpu-hour: ", "--width: ",
                  "--color: \"red\" is unknown; there are auto, always, never",
                  "--json: none/x: there is no folder none",
                  "--trace: x.txt: ", "--what: unknown option", "(10 problems)"});
}

TEST(CommandLine, CatalogAndSchema) {
  const Folder folder;
  const Outcome all = folder.run({"catalog"});
  EXPECT_EQ(all.code, 0);
  for (const char* line : {"models\n", "clusters\n", "devices\n", "plans\n"}) {
    EXPECT_NE(all.out.find(line), std::string::npos);
  }
  EXPECT_EQ(folder.run({"catalog", "plan"}).out.find("plans\n  " + v3 + "\n"), 0U);
  expect_failure(folder.run({"catalog", "plna"}), 2,
                 {"plna: unknown kind; did you mean \"plan\"? there are model, cluster"});
  for (const char* document :
       {"plan/1", "model/1", "cluster/1", "device/1", "report/1", "transport/1", "expert_loads/1",
        "experts/1", "flow_collective/1", "sweep/1", "comparison/1", "plan_search/1", "accuracy/1",
        "software/1"}) {
    const Outcome outcome = folder.run({"schema", document});
    EXPECT_EQ(outcome.code, 0);
    EXPECT_TRUE(nlohmann::json::parse(outcome.out, nullptr, false).is_object()) << document;
  }
  expect_failure(folder.run({"schema", "plan/2"}), 2,
                 {"plan/2: unknown document; did you mean \"plan/1\"?"});
  expect_failure(folder.run({"schema"}), 2, {"no document given; there are plan/1"});
}

TEST(CommandLine, DataFolder) {
  const Folder folder;
  expect_failure(folder.run({"--data", "nowhere", "catalog"}), 2, {"--data: nowhere: holds no"});
  expect_failure(folder.run({"simulate", v3, "--data", "nowhere"}), 2, {"--data: nowhere"});
  const Outcome here = folder.run({"catalog"});
  EXPECT_EQ(folder.run({"catalog", "--data", RECKON_SOURCE_DIR}).out, here.out);
}

TEST(CommandLine, ScheduleIsOneLineARank) {
  const Outcome outcome = Folder().run({"schedule", v3});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 16);
  EXPECT_EQ(outcome.out.find("F0.0 "), 0U);
}

}  // namespace
}  // namespace reckon
