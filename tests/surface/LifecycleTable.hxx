#pragma once

#include <string>
#include <string_view>
#include <vector>

/** One step of a life table: the names of a state, a trigger, the next state, and an action or
 *  none. */
struct TableRow {
    std::string_view state, trigger, next, action;
};

/** A table of Markdown with a row for each state and a newline after each row: "trigger, trigger →
 *  next state: action · …". */
std::string RenderTable(const std::vector<TableRow> &rows);

/** A table of the code that ARCHITECTURE.md shows between <!-- NAME --> and <!-- /NAME -->. */
struct DocumentTable {
    std::string_view name;
    std::vector<TableRow> rows;
};

std::vector<DocumentTable> DocumentTables();
