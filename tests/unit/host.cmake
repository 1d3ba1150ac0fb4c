# SPDX-License-Identifier: Apache-2.0
foreach(part hex kek key_line login number option rfc3339 seal text)
	eese_unit_test(host-${part} SOURCES host_${part}.c core_support.c LIBS eese-host)
	target_compile_definitions(unit-host-${part} PRIVATE _GNU_SOURCE)
endforeach()
target_link_libraries(unit-host-login PRIVATE eese-host-mqtt)
