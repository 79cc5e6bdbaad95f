// The carriers of Megatron-LM's arguments, and the two small grammars in them.
#include "planner/import/megatron_arguments.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "planner/import/pipeline_layout.hpp"
#include "planner/import/text_lines.hpp"
#include "tests/import/import_files.hpp"

namespace reckon {
namespace {

// "a=1 b=x,y": names and values of the arguments.
std::string text_of(const std::vector<MegatronArgument>& list) {
  std::string text;
  for (const MegatronArgument& one : list) {
    text += (text.empty() ? "" : " ") + one.name + "=";
    for (std::size_t i = 0; i < one.values.size(); ++i) text += (i > 0 ? "," : "") + one.values[i];
  }
  return text;
}
std::string script(const std::string& text) {
  return text_of(parse_megatron_script(text, "s.sh").list);
}

TEST(MegatronScript, FlagsAndValues) {
  EXPECT_EQ(script("--a-b 1 --c --d=2 --e x y\n--f -1"), "a_b=1 c=true d=2 e=x,y f=-1");
  EXPECT_EQ(script("python train.py --a 1 \\\n  --b 2 # --c 3\n"), "a=1 b=2");
  EXPECT_EQ(script("python train.py --a 'x y' --b \"z\\\"\" --c 1 >out 2>&1 | tee --d"),
            "a=x y b=z\" c=1");
  EXPECT_EQ(script("python train.py --a 1 2>&1"), "a=1");
}

TEST(MegatronScript, TheLauncherIsApart) {
  const MegatronArguments arguments = parse_megatron_script(
      "torchrun --nproc_per_node 8 --nnodes=4 pretrain_gpt.py --num-layers 2", "s.sh");
  EXPECT_EQ(text_of(arguments.launcher), "nproc_per_node=8 nnodes=4");
  EXPECT_EQ(text_of(arguments.list), "num_layers=2");
}

TEST(MegatronScript, VariablesOfTheFile) {
  EXPECT_EQ(script("A=3\npython t.py --a $A --b ${A} --c \"${A}x\" --d '$A'"), "a=3 b=3 c=3x d=$A");
  EXPECT_EQ(script("A=(--a 1\n # no\n --b 2)\nA+=(--c)\npython t.py ${A[@]}"), "a=1 b=2 c=true");
  EXPECT_EQ(script("A=(--a 'x y')\npython t.py \"${A[@]}\" --b"), "a=x y b=true");
  EXPECT_EQ(script("A=\"--a 1 --b 2\"\npython t.py $A"), "a=1 b=2");
  EXPECT_EQ(script("python t.py --a ${A:-4} --b ${B:-${C:-5}} --c ${D}"), "a=4 b=5 c=${D}");
  EXPECT_EQ(script("export A=${A:-6}\npython t.py --a $A --b $(nproc) --c $1"),
            "a=6 b=$(nproc) c=${1}");
  EXPECT_EQ(script("A=()\npython t.py --a \"${A[@]}\" --b"), "a=true b=true");
}

TEST(MegatronScript, CommandsInVariablesAndListsOfArguments) {
  EXPECT_EQ(script("A=(--a 1)\nC=\"cd /x; python t.py ${A[@]} --b\"\nsrun bash -c \"$C\"\n"),
            "a=1 b=true");
  EXPECT_EQ(script("A=(--a 1)\nB=(--b 2)\n"), "a=1 b=2");
}

TEST(MegatronScript, ConditionsThatTheFileDecides) {
  const std::string start = "X=1\nA=(--a)\nif [ \"$X\" = ";
  const std::string branches = " ]; then\n A+=(--b)\nelse\n A+=(--c)\nfi\npython t.py ${A[@]}";
  EXPECT_EQ(script(start + "1" + branches), "a=true b=true");
  EXPECT_EQ(script(start + "2" + branches), "a=true c=true");
  EXPECT_EQ(script("A=(--a)\nif [ -z \"${B:-}\" ]; then A+=(--b); fi\npython t.py ${A[@]}"),
            "a=true b=true");
}

TEST(MegatronScript, ConditionsThatItDoesNotDecideAreListed) {
  const MegatronArguments arguments = parse_megatron_script(
      "A=(--a)\nif [ -n \"$W\" ]; then\n A+=(--b 1)\nelse\n A+=(--c)\nfi\npython t.py ${A[@]}",
      "s.sh");
  EXPECT_EQ(text_of(arguments.list), "a=true");
  const std::string why = ": under a condition that the file does not decide";
  EXPECT_EQ(arguments.skipped,
            (std::vector<Ignored>{{"b", "1", "line 3" + why}, {"c", "true", "line 5" + why}}));
}

TEST(MegatronScript, LinesOfArguments) {
  const auto list = parse_megatron_script("A=(\n --a 1\n)\npython t.py ${A[@]} \\\n --b", "s").list;
  EXPECT_EQ(list[0].line, 2) << "where it is written, not where it is used";
  EXPECT_EQ(list[1].line, 5);
}

TEST(MegatronScript, WhatIsBroken) {
  const auto problem = [](const std::string& text) {
    return problems_of([&] { parse_megatron_script(text, "s.sh"); });
  };
  EXPECT_EQ(problem("A=(--a"), "s.sh:1: an array without its closing bracket");
  EXPECT_EQ(problem("\necho \"a"), "s.sh:2: a quote without its end");
  EXPECT_EQ(problem("echo ${A"), "s.sh:1: a { without its }");
  std::string doubling = "A=aaaaaaaaaaaaaaaa\n";
  for (int i = 0; i < 40; ++i) doubling += "A=$A$A\n";
  EXPECT_NE(problem(doubling).find("too long"), std::string::npos);
}

TEST(MegatronYaml, ModelArgs) {
  const MegatronArguments arguments = parse_megatron(
      "ENV_VARS:\n  A: 1\nMODEL_ARGS:\n  --a-b: 1 # one\n  --c: true\n  --d: false\n  --e: x y\n"
      "  --f: \"x y\"\n  --g:\n  --h: [1, 2]\n",
      "m.yaml");
  EXPECT_EQ(arguments.carrier, MegatronCarrier::yaml);
  EXPECT_EQ(text_of(arguments.list), "a_b=1 c=true d=false e=x,y f=x y g=none h=1,2");
  EXPECT_EQ(arguments.list[0].line, 4);
  EXPECT_EQ(arguments.skipped, (std::vector<Ignored>{{"ENV_VARS", "", "not MODEL_ARGS"}}));
}

TEST(MegatronYaml, WhatIsBroken) {
  EXPECT_EQ(problems_of([] { parse_megatron("MODEL_ARGS:\n  - a\n", "m.yaml"); }),
            "m.yaml:2:3: MODEL_ARGS: expected a mapping");
  EXPECT_EQ(problems_of([] {
              parse_megatron("MODEL_ARGS:\n  a: [1\n", "m.yaml");
            }).find("m.yaml:3:1: no YAML: "),
            0U);
}

TEST(MegatronLog, TheDump) {
  const MegatronArguments arguments = parse_megatron(
      "before .... 1\n"
      "------------------------ arguments ------------------------\n"
      "  num_layers ...................................... 61\n"
      "[default0]:  bf16 ............ True\n"
      "  fp8 ............. None\n"
      "  recompute_modules ... ['a', 'b']\n"
      "  moe_layer_freq ...... [0, 1]\n"
      "  a_name_that_is_longer_than_all_of_the_dots_could_be  7\n"
      "  empty ............... \n"
      "-------------------- end of arguments ---------------------\n"
      "  after ....... 2\n",
      "t.log");
  EXPECT_EQ(arguments.carrier, MegatronCarrier::log);
  EXPECT_EQ(text_of(arguments.list),
            "num_layers=61 bf16=true fp8=none recompute_modules=a,b moe_layer_freq=[0, 1] "
            "a_name_that_is_longer_than_all_of_the_dots_could_be=7 empty=");
  EXPECT_EQ(arguments.list[0].line, 3);
}

TEST(TextLines, Utf8) {
  for (const char* text : {"", "abc", "\xc3\xbc", "\xe4\xb8\x96", "\xf0\x9f\x98\x80"}) {
    EXPECT_TRUE(is_utf8(text)) << text;
  }
  // A lone tail, a cut start, an overlong form, a surrogate, beyond U+10FFFF.
  for (const char* text : {"\x80", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80"}) {
    EXPECT_FALSE(is_utf8(text));
  }
}

std::string list(const std::string& text) {
  try {
    std::string digits;
    for (const int number : list_expression(text)) digits += std::to_string(number) + " ";
    return digits;
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

TEST(ListExpression, IsPythons) {
  EXPECT_EQ(list("[0]*3+[1]*2"), "0 0 0 1 1 ");
  EXPECT_EQ(list("([1]*2+[0])*2"), "1 1 0 1 1 0 ");
  EXPECT_EQ(list(" 2*[7, 8,] "), "7 8 7 8 ");
  EXPECT_EQ(list("[1]*0"), "");
  EXPECT_EQ(list("[]"), "");
  const std::string wrong = "is no list expression; give one like [0]*3+[1]*58";
  for (const char* text : {"", "1", "[1", "[1]*", "[1]]", "[-1]", "[1]+", "([1]", "[1]*[1]"}) {
    EXPECT_EQ(list(text), wrong) << text;
  }
  EXPECT_EQ(list("[1]*100001"), "makes a list of more than 100000 numbers");
  EXPECT_EQ(list("[1]*100000+[1]"), "makes a list of more than 100000 numbers");
  EXPECT_EQ(list(std::string(1000, '(')), wrong);
}

TEST(PipelineLayout, Stages) {
  EXPECT_EQ(pipeline_layout("Et*2|(tt|)*2,m|L"), (std::vector<LayoutStage>{{true, 2, 0, false},
                                                                           {false, 2, 0, false},
                                                                           {false, 2, 0, false},
                                                                           {false, 0, 1, false},
                                                                           {false, 0, 0, true}}));
  EXPECT_EQ(pipeline_layout("EtmL"), (std::vector<LayoutStage>{{true, 1, 1, true}}));
  for (const char* text : {"Ex", "(t", "t)", "t*", "t*x", "*2"}) {
    EXPECT_THROW(pipeline_layout(text), std::invalid_argument) << text;
  }
  EXPECT_THROW(pipeline_layout("t*100000*100000"), std::invalid_argument);
  EXPECT_THROW(pipeline_layout("((((t*1000)*1000)*1000)*1000)"), std::invalid_argument);
}

}  // namespace
}  // namespace reckon
