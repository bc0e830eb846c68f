// SPDX-License-Identifier: MIT OR Apache-2.0
	int tab;
int space; 
int cr;
int end;