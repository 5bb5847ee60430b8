from wres.cli import main

main()
