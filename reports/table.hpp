// Text for a terminal: columns that line up, bars, wrapped lines, with or without colour and
// Unicode.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace reckon {

struct TextStyle {
  bool colour = false;
  bool unicode = true;
  int width = 100;  // columns of the terminal
};

// What a piece of text is, for colour; without colour all look alike.
enum class Tone { plain, strong, dim, good, bad, blue, cyan, magenta, yellow };

struct Run {
  std::string text{};
  Tone tone = Tone::plain;
};

// One cell, or a whole line: pieces that stand next to each other.
struct Cell {
  Cell() = default;
  Cell(std::string text, Tone tone = Tone::plain) : runs{{std::move(text), tone}} {}  // NOLINT
  Cell(const char* text) : Cell(std::string(text)) {}                                 // NOLINT
  explicit Cell(std::vector<Run> pieces) : runs(std::move(pieces)) {}
  std::vector<Run> runs;
};

enum class Align { left, right };

// Rows of cells, two blanks between columns.
class Table {
 public:
  explicit Table(std::vector<Align> columns) : columns_(std::move(columns)) {}

  // A row; missing cells at its end are empty.
  void add(std::vector<Cell> cells) { rows_.push_back(std::move(cells)); }

  // One column more, at the right; cells[i] belongs to row i.
  void add_column(Align align, const std::vector<Cell>& cells);

  std::size_t rows() const { return rows_.size(); }

  // Columns of the terminal that the widest row takes.
  int width() const;

  // The rows as lines without blanks at the end, each behind `indent` blanks.
  std::vector<std::string> lines(const TextStyle& style, int indent) const;

 private:
  std::vector<int> column_widths() const;

  std::vector<Align> columns_;
  std::vector<std::vector<Cell>> rows_;
};

// Columns of the terminal that a UTF-8 text takes: 2 for East Asian wide characters and emoji, 0
// for combining marks. A broken byte counts as one.
int display_width(std::string_view text);

// A text from an input, safe to print: control characters, and without Unicode all that is not
// ASCII, become '?'.
std::string printable(std::string_view text, const TextStyle& style);

// At most `width` columns of a text; what is cut off leaves an ellipsis.
std::string cut(std::string_view text, int width, const TextStyle& style);

// A text in lines of at most `width` columns, broken at blanks. Longer words stand alone.
std::vector<std::string> wrapped(std::string_view text, int width);

// A bar of `share` (0 to 1) of `width` columns, in eighths of a column where Unicode is there. A
// share above 0 shows at least its thinnest mark.
std::string bar(double share, int width, const TextStyle& style);

// The text with its colour.
std::string painted(const Run& run, const TextStyle& style);

}  // namespace reckon
