#include "reports/report_text.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "tests/reports/example_report.hpp"
#include "tests/reports/golden.hpp"

namespace reckon {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

bool is_ascii(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char letter) {
    return letter == '\n' || (letter >= ' ' && letter <= '~');
  });
}

std::string without_colour(const std::string& text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\x1b') {
      at = text.find('m', at);
    } else {
      plain += text[at];
    }
  }
  return plain;
}

TEST(ReportText, ReadsAsTheGoldenText) {
  expect_golden(report_text(example_report(), {.width = 100}),
                "tests/golden/reports/deepseek_v3.txt");
  expect_golden(report_text(example_report(), {.unicode = false, .width = 100}),
                "tests/golden/reports/deepseek_v3_ascii.txt");
  expect_golden(report_text(example_report_bare(), {.width = 100}),
                "tests/golden/reports/deepseek_v3_bare.txt");
  expect_golden(report_text(small_report(), {.width = 100}), "tests/golden/reports/small.txt");
}

TEST(ReportText, FitsItsWidthAndLeavesNoBlanksBehind) {
  for (const int width : {100, 120, 160}) {
    for (const bool unicode : {false, true}) {
      const std::string text = report_text(example_report(), {.unicode = unicode, .width = width});
      EXPECT_EQ(text.back(), '\n');
      for (const std::string& line : lines_of(text)) {
        EXPECT_LE(display_width(line), width) << line;
        EXPECT_FALSE(!line.empty() && line.back() == ' ') << line;
        if (!unicode) {
          EXPECT_TRUE(is_ascii(line)) << line;
        }
      }
    }
  }
}

TEST(ReportText, StaysWithinOneLookAtTheTerminal) {
  EXPECT_LE(lines_of(report_text(example_report(), {.width = 100})).size(), 100U);
}

TEST(ReportText, ColourChangesNothingElse) {
  const TextStyle plain{.width = 100};
  const TextStyle colour{.colour = true, .width = 100};
  const std::string coloured = report_text(example_report(), colour);
  EXPECT_NE(coloured.find("\x1b["), std::string::npos);
  EXPECT_EQ(without_colour(coloured), report_text(example_report(), plain));
}

TEST(ReportText, ShowsAMissAsAMiss) {
  Report report = example_report();
  for (PublishedFigure& figure : report.published) {
    if (figure.id == "step") figure.with_effects = 25.0;
  }
  const std::string text = report_text(report, {.unicode = false});
  EXPECT_NE(text.find("MISS"), std::string::npos);
  EXPECT_NE(text.find("parts that differ most"), std::string::npos);
}

TEST(ReportText, PrintsNoControlCharactersOfItsInputs) {
  const std::string text = report_text(small_report(), {.unicode = true});
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_NE(text.find("小さい"), std::string::npos);
  EXPECT_EQ(report_text(small_report(), {.unicode = false}).find("小"), std::string::npos);
}

TEST(ReportText, CopesWithAnEmptyReport) {
  EXPECT_FALSE(report_text(Report{}, {}).empty());
  EXPECT_FALSE(report_text(Report{}, {.width = 0}).empty());
  EXPECT_FALSE(report_text(example_report(), {.width = 30}).empty());
}

}  // namespace
}  // namespace reckon
