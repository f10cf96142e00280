# For authors of plugins, behind find_package(troupe).

# troupe_add_plugin(NAME SOURCES file…): NAME.so, to be loaded by a node. Nothing of Troupe is linked into it.
function(troupe_add_plugin name)
  cmake_parse_arguments(P "" "" "SOURCES" ${ARGN})
  add_library(${name} MODULE ${P_SOURCES})
  target_include_directories(${name} PRIVATE $<TARGET_PROPERTY:troupe::troupe,INTERFACE_INCLUDE_DIRECTORIES>)
  target_compile_definitions(${name} PRIVATE _GNU_SOURCE)
  set_target_properties(${name} PROPERTIES PREFIX "" C_STANDARD 11 C_STANDARD_REQUIRED ON C_VISIBILITY_PRESET hidden)
endfunction()

# troupe_add_plugin_test(NAME SOURCES file… [TEST name] [WITH plugin…]): a program on <troupe/plugin_test.h>, run by ctest
# with the plugin NAME; the plugins WITH it needs are loaded before it.
function(troupe_add_plugin_test name)
  cmake_parse_arguments(P "" "TEST" "SOURCES;WITH" ${ARGN})
  if(NOT P_TEST)
    set(P_TEST ${name})
  endif()
  add_executable(${name}_test ${P_SOURCES})
  target_link_libraries(${name}_test PRIVATE troupe::troupe)
  target_compile_definitions(${name}_test PRIVATE _GNU_SOURCE)
  set_target_properties(${name}_test PROPERTIES C_STANDARD 11 C_STANDARD_REQUIRED ON)
  set(others)
  foreach(other IN LISTS P_WITH)
    list(APPEND others $<TARGET_FILE:${other}>)
  endforeach()
  add_dependencies(${name}_test ${name} ${P_WITH})
  add_test(NAME ${P_TEST} COMMAND ${name}_test ${others} $<TARGET_FILE:${name}>)
  set_tests_properties(${P_TEST} PROPERTIES TIMEOUT 900)
endfunction()
