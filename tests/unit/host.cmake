# SPDX-License-Identifier: Apache-2.0
foreach(part hex kek seal)
	eese_unit_test(host-${part} SOURCES host_${part}.c core_support.c LIBS eese-host)
	target_compile_definitions(unit-host-${part} PRIVATE _GNU_SOURCE)
endforeach()
