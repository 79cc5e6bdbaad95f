#include "reports/table.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "reports/numbers.hpp"

namespace reckon {
namespace {

using Lines = std::vector<std::string>;
const TextStyle unicode{};
const TextStyle ascii{.unicode = false};

TEST(Table, AlignsColumnsAndLeavesNoBlanksBehind) {
  Table table({Align::left, Align::right, Align::left});
  table.add({"a", "1.5", "x"});
  table.add({"longer", "22.5"});
  table.add({"", "", ""});
  EXPECT_EQ(table.lines(unicode, 2), (Lines{"  a        1.5  x", "  longer  22.5", ""}));
  EXPECT_EQ(table.width(), 15);
}

TEST(Table, MeasuresInColumnsOfTheTerminal) {
  Table table({Align::left, Align::left});
  table.add({"é", "|"});     // one letter, two bytes
  table.add({"小さ", "|"});  // two letters of two columns
  table.add({"e\u0301e", "|"});
  EXPECT_EQ(table.lines(unicode, 0), (Lines{"é     |", "小さ  |", "e\u0301e    |"}));
}

TEST(Table, PaintsWithoutMovingAnything) {
  Table table({Align::right, Align::left});
  table.add({Cell("1", Tone::good), "x"});
  table.add({"100", Cell("y", Tone::plain)});
  EXPECT_EQ(table.lines({.colour = true}, 0), (Lines{"  \x1b[32m1\x1b[0m  x", "100  y"}));
  EXPECT_EQ(table.lines(unicode, 0), (Lines{"  1  x", "100  y"}));
}

TEST(Table, TakesAColumnMore) {
  Table table({Align::left, Align::left});
  table.add({"a"});
  table.add({"b", "c"});
  table.add_column(Align::left, {"1", "2"});
  EXPECT_EQ(table.lines(unicode, 0), (Lines{"a     1", "b  c  2"}));
}

TEST(Printable, LetsNoControlCharacterThrough) {
  EXPECT_EQ(printable("a\x1b[31m\n\x7f\xc2\x9b"
                      "b",
                      unicode),
            "a?[31m???b");
  EXPECT_EQ(printable("é小", unicode), "é小");
  EXPECT_EQ(printable("é小", ascii), "??");
  EXPECT_EQ(printable("\xff\xc3", unicode), "??");  // broken UTF-8
  EXPECT_EQ(printable("\xc3(", unicode), "?(");
}

TEST(Cut, LeavesAnEllipsis) {
  EXPECT_EQ(cut("short", 5, unicode), "short");
  EXPECT_EQ(cut("longer", 5, unicode), "long…");
  EXPECT_EQ(cut("one two", 5, unicode), "one…");
  EXPECT_EQ(cut("longer", 5, ascii), "lo...");
  EXPECT_EQ(cut("小さい", 5, unicode), "小さ…");
  EXPECT_EQ(cut("longer", 0, unicode), "");
}

TEST(Wrapped, BreaksAtBlanks) {
  EXPECT_EQ(wrapped("one two three", 7), (Lines{"one two", "three"}));
  EXPECT_EQ(wrapped("unbreakable it is", 5), (Lines{"unbreakable", "it is"}));
  EXPECT_TRUE(wrapped("", 5).empty());
}

TEST(Bar, ShowsEighthsOfAColumn) {
  EXPECT_EQ(bar(0.5, 4, unicode), "██");
  EXPECT_EQ(bar(0.5, 3, unicode), "█▌");
  EXPECT_EQ(bar(1e-6, 10, unicode), "▏");
  EXPECT_EQ(bar(2.0, 2, unicode), "██");
  EXPECT_EQ(bar(0.0, 10, unicode), "");
  EXPECT_EQ(bar(-1.0, 10, unicode), "");
  EXPECT_EQ(bar(0.5, 0, unicode), "");
  EXPECT_EQ(bar(0.5, 4, ascii), "##");
  EXPECT_EQ(bar(0.01, 4, ascii), ".");
}

TEST(Numbers, AreWrittenInFixedForms) {
  EXPECT_EQ(with_commas(1234567.891, 1), "1,234,567.9");
  EXPECT_EQ(with_commas(-1234, 0), "-1,234");
  EXPECT_EQ(with_commas(999, 0), "999");
  EXPECT_EQ(with_commas(-100.5, 1), "-100.5");
  EXPECT_EQ(scaled(2788000), "2.788 M");
  EXPECT_EQ(scaled(180180), "180.2 K");
  EXPECT_EQ(scaled(14.8e12), "14.80 T");
  EXPECT_EQ(scaled(671.03e9), "671.0 B");
  EXPECT_EQ(scaled(999960), "1.000 M");
  EXPECT_EQ(scaled(12.34), "12.3");
  EXPECT_EQ(usd_text({5.576e6}), "$5.576 M");
  EXPECT_EQ(usd_text({2.0}), "$2.00");
  EXPECT_EQ(usd_text({-1500.0}), "-$1.500 K");
  EXPECT_EQ(percent(0.3894, 2), "38.94 %");
  EXPECT_EQ(signed_percent(-0.0263), "-2.6 %");
  EXPECT_EQ(signed_points(0.0166), "+1.66 pt");
  EXPECT_EQ(seconds_text({13.951}), "13.95 s");
  EXPECT_EQ(seconds_text({0.129}), "129.0 ms");
  EXPECT_EQ(seconds_text({12.5e-6}), "12.5 us");
  EXPECT_EQ(seconds_text({0.0}), "0.0 ms");
  EXPECT_EQ(days_text({55.5 * 86400}), "55.5 days");
  EXPECT_EQ(short_days_text({6.2 * 3600}), "6.2 h");
  EXPECT_EQ(gib_text({80 * gib}), "80.0");
}

}  // namespace
}  // namespace reckon
