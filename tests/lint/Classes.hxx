#pragma once

#include <map>
#include <set>
#include <string>

namespace lint {

/** The classes whose member functions a source file defines outside of the class, nested classes
 *  under the name of the outermost. It looks at text only: definitions begin in the first
 *  column. */
std::set<std::string> FindDefinedClasses(const std::string &source);

/** The number of member functions that each class or struct of a header declares, by its name,
 *  without those of nested classes and without deleted ones. It looks at text only. */
std::map<std::string, unsigned> CountMemberFunctions(const std::string &header);

} // namespace lint
