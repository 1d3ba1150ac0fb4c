# SPDX-License-Identifier: Apache-2.0
foreach(part event names options table text)
	eese_unit_test(ctl-${part} SOURCES ctl_${part}.c ctl_support.c core_support.c
		LIBS eese-ctl-parts)
	target_compile_definitions(unit-ctl-${part} PRIVATE _GNU_SOURCE)
endforeach()
